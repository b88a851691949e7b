import { join } from 'node:path';
import { CreateSecretCommand, PutSecretValueCommand, ResourceNotFoundException } from '@aws-sdk/client-secrets-manager';
import * as v from 'valibot';
import type { SynthesisedStack } from '../template/cloud-assembly.ts';
import { type ResolvedStack, resolveTemplate } from '../template/resolve.ts';
import { synthesise } from '../template/synthesise.ts';
import type { Template } from '../template/template.ts';
import { type AwsClients, createAwsClients } from './aws-clients.ts';
import { deployData } from './deploy.ts';
import { type Emulators, type Endpoints, startEmulators } from './emulators.ts';
import type { FunctionHost } from './function-host.ts';
import { type Functions, type FunctionsOptions, startFunctions } from './functions.ts';

export interface PlatformOptions extends Omit<FunctionsOptions, 'assets' | 'emulators' | 'clients'> {
  readonly stage: string;
  /** Stage config to read instead of the stage's own. */
  readonly configPath?: string;
  /** Directory for what a run leaves behind: the cloud assembly. */
  readonly stateDirectory: string;
  /** Relay secrets (JSON) to fill in before the first message is received, by relay. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** The stack, running on this machine. */
export interface Platform {
  readonly endpoints: Endpoints;
  /** The stack's outputs by key. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly template: Template;
  /** The template's resources that exist here, everything evaluated. */
  readonly stack: ResolvedStack;
  readonly functions: readonly FunctionHost[];
  /** API requests so far by service and action, such as `DynamoDB.PutItem`; the platform's own included. */
  counts(): Readonly<Record<string, number>>;
  /** Puts a new version of a relay's secret. @throws Error for a relay that the stack does not have */
  setSecret(relay: string, json: string): Promise<void>;
  /** Kills (SIGKILL) one process of any function. Returns its id; undefined when none is alive. */
  killRandomFunctionProcess(): number | undefined;
  /** Stops receiving, lets invocations finish for a while, ends every process and closes every socket. */
  close(): Promise<void>;
}

/** Synthesises the stack `postroom-<stage>` and runs it. @throws Error when it cannot be synthesised or understood */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const stack = await synthesise({
    stage: options.stage,
    outputDirectory: join(options.stateDirectory, 'cdk.out'),
    ...(options.configPath !== undefined && { configPath: options.configPath }),
  });
  return runStack(stack, options);
}

/** Runs a stack that is synthesised already. */
export async function runStack(
  { stackName, template, assets }: SynthesisedStack,
  options: Omit<PlatformOptions, 'stage' | 'configPath' | 'stateDirectory'>,
): Promise<Platform> {
  const emulators = await startEmulators();
  const clients = createAwsClients(emulators.endpoints);
  let functions: Functions | undefined;
  const close = async () => {
    await functions?.close();
    clients.destroy();
    await emulators.close();
  };
  try {
    const stack = resolveTemplate(template, stackName, account(emulators));
    await deployData(stack, clients);
    const setSecret = secretSetter(stack.outputs, clients);
    for (const [relay, json] of Object.entries(options.secrets ?? {})) await setSecret(relay, json);
    functions = startFunctions(stack, { ...options, assets, emulators, clients });
    const { hosts } = functions;
    return {
      endpoints: emulators.endpoints,
      outputs: stack.outputs,
      template,
      stack,
      functions: hosts,
      counts: emulators.counts,
      setSecret,
      killRandomFunctionProcess: () => killRandom(hosts.flatMap((host) => host.pids())),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function account({ accountId, endpoints }: Emulators) {
  return { accountId, region: endpoints.region, sqsEndpoint: endpoints.sqs };
}

const relaySecretArns = v.optional(v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.string())), '{}');

function secretSetter(outputs: Readonly<Record<string, string>>, { secretsManager }: AwsClients) {
  const arns = v.parse(relaySecretArns, outputs['RelaySecretArns']);
  return async (relay: string, json: string): Promise<void> => {
    const arn = arns[relay];
    if (arn === undefined) throw new Error(`The stack has no relay ${relay}; it has ${Object.keys(arns).join(', ')}`);
    try {
      await secretsManager.send(new PutSecretValueCommand({ SecretId: arn, SecretString: json }));
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
      // An existing secret that the config refers to by name: here it exists from now on.
      const Name = arn.split(':secret:')[1] ?? arn;
      await secretsManager.send(new CreateSecretCommand({ Name, SecretString: json }));
    }
  };
}

function killRandom(pids: readonly number[]): number | undefined {
  const pid = pids[Math.floor(Math.random() * pids.length)];
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  return pid;
}
