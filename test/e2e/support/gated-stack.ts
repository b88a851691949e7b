import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { type AwsClients, createAwsClients } from '../../../local/platform/aws-clients.ts';
import { deployData } from '../../../local/platform/deploy.ts';
import { startEmulators } from '../../../local/platform/emulators.ts';
import { type FunctionsOptions, startFunctions } from '../../../local/platform/functions.ts';
import { resolveTemplate } from '../../../local/template/resolve.ts';
import { synthesise } from '../../../local/template/synthesise.ts';
import { impatient } from '../../support/impatient.ts';
import { killProcesses } from '../../support/kill-processes.ts';
import { type Gate, startGate } from './gate.ts';

export interface GatedOptions {
  readonly config: object;
  /** By relay. */
  readonly secrets: Readonly<Record<string, object>>;
  /** Instead of six times the function's time-out, which is how long a test would wait after each kill. */
  readonly visibilitySeconds: number;
  onProblem?(message: string): void;
  onLog?: FunctionsOptions['onLog'];
}

/**
 * The real stack on emulators, with a gate between its functions and each service whose calls matter. Schedules are left
 * out: what a test counts or kills is the sender's alone.
 */
export interface GatedStack {
  readonly aws: AwsClients;
  readonly outputs: Readonly<Record<string, string>>;
  readonly dynamodb: Gate;
  readonly sqs: Gate;
  readonly secretsManager: Gate;
  /** Of the living function processes. */
  pids(): readonly number[];
  /** Puts a new version of a relay's secret. */
  setSecret(relay: string, secret: object): Promise<void>;
  /** Requests at the emulators by service and action, the event source mapping's included. */
  counts(): Readonly<Record<string, number>>;
  /** SIGKILL for every function process; resolves when they are gone. */
  killAll(): Promise<void>;
  /** Ends every function process as Lambda does; none is started after it. */
  endAll(): Promise<void>;
  close(): Promise<void>;
}

const scheduleTypes = new Set(['AWS::Scheduler::Schedule', 'AWS::Events::Rule']);

export async function startGatedStack(options: GatedOptions): Promise<GatedStack> {
  const { config, secrets, visibilitySeconds, onProblem, onLog } = options;
  const folder = await mkdtemp(join(tmpdir(), 'postroom-gated-'));
  const configPath = join(folder, 'stage.json');
  await writeFile(configPath, JSON.stringify(config));
  const assembly = await synthesise({ stage: 'gated', configPath, outputDirectory: join(folder, 'cdk.out') });
  const { stackName, template, assets } = impatient(assembly, visibilitySeconds);
  const emulators = await startEmulators();
  const { accountId, endpoints } = emulators;
  const [dynamodb, sqs, secretsManager] = await Promise.all([
    startGate(endpoints.dynamodb),
    startGate(endpoints.sqs),
    startGate(endpoints.secretsManager),
  ]);
  const aws = createAwsClients(endpoints);
  // Queue URLs lead through the gate as well: the sender's client follows them.
  const stack = resolveTemplate(template, stackName, { accountId, region: endpoints.region, sqsEndpoint: sqs.url });
  await deployData(stack, aws);
  const arns: Record<string, string> = JSON.parse(stack.outputs['RelaySecretArns'] ?? '{}');
  const setSecret = async (relay: string, secret: object): Promise<void> => {
    const input = { SecretId: arns[relay], SecretString: JSON.stringify(secret) };
    await aws.secretsManager.send(new PutSecretValueCommand(input));
  };
  for (const [relay, secret] of Object.entries(secrets)) await setSecret(relay, secret);
  const gated = {
    ...emulators,
    endpoints: { ...endpoints, dynamodb: dynamodb.url, sqs: sqs.url, secretsManager: secretsManager.url },
  };
  const unscheduled = { ...stack, resources: stack.resources.filter(({ type }) => !scheduleTypes.has(type)) };
  const functions = startFunctions(unscheduled, {
    assets,
    emulators: gated,
    clients: aws,
    ...(onProblem && { onProblem }),
    ...(onLog && { onLog }),
  });
  return {
    aws,
    outputs: stack.outputs,
    dynamodb,
    sqs,
    secretsManager,
    pids: () => functions.hosts.flatMap((host) => host.pids()),
    setSecret,
    counts: emulators.counts,
    killAll: () => killProcesses(functions.hosts),
    endAll: async () => {
      await Promise.all(functions.hosts.map((host) => host.close()));
    },
    close: async () => {
      await functions.close();
      aws.destroy();
      await Promise.all([dynamodb, sqs, secretsManager].map((gate) => gate.close()));
      await emulators.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
