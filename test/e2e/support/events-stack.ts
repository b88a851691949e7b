import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { Template } from 'aws-cdk-lib/assertions';
import { TicketQueue } from '../../../docs/examples/ticket-queue.ts';
import { type AwsClients, createAwsClients } from '../../../local/platform/aws-clients.ts';
import { deployData } from '../../../local/platform/deploy.ts';
import { startEmulators } from '../../../local/platform/emulators.ts';
import type { FunctionHost } from '../../../local/platform/function-host.ts';
import { startFunctions } from '../../../local/platform/functions.ts';
import { resolveTemplate } from '../../../local/template/resolve.ts';
import { synthesise } from '../../../local/template/synthesise.ts';
import { type JsonObject, parseTemplate } from '../../../local/template/template.ts';
import { appWithoutBundling, makeStack } from '../../cdk/synth.ts';
import { impatient } from '../../support/impatient.ts';
import { killProcesses } from '../../support/kill-processes.ts';
import { type Gate, startGate } from './gate.ts';

/**
 * The real stack, and beside it the documented example and a rule for every event, on emulators; gates stand between the
 * functions and what they write to.
 */
export interface EventsStack {
  readonly aws: AwsClients;
  readonly outputs: Readonly<Record<string, string>>;
  /** Gets every event. */
  readonly allUrl: string;
  /** The example's queue. */
  readonly ticketsUrl: string;
  readonly dynamodb: Gate;
  readonly eventBridge: Gate;
  /** SIGKILL for every process of the function whose name contains that; resolves when they are gone. */
  kill(part: 'Sender' | 'Events'): Promise<void>;
  pids(part: 'Sender' | 'Events'): readonly number[];
  readonly problems: readonly string[];
  close(): Promise<void>;
}

const everyEvent = {
  All: { Type: 'AWS::SQS::Queue', Properties: {} },
  AllEvents: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventBusName: 'outcomes',
      EventPattern: { source: ['postroom'] },
      Targets: [{ Id: 'Target0', Arn: { 'Fn::GetAtt': ['All', 'Arn'] } }],
    },
  },
};

/** The resources of the documented example, as its own stack has them. */
function example(): JsonObject {
  const app = appWithoutBundling();
  const stage = makeStack({ events: { busName: 'outcomes' } }, app);
  return Template.fromStack(new TicketQueue(app, 'tickets', stage.postroom)).toJSON()['Resources'];
}

export async function startEventsStack(
  config: object,
  secrets: Readonly<Record<string, object>>,
): Promise<EventsStack> {
  const folder = await mkdtemp(join(tmpdir(), 'postroom-events-'));
  const configPath = join(folder, 'stage.json');
  await writeFile(configPath, JSON.stringify(config));
  const synthesised = await synthesise({ stage: 'test', configPath, outputDirectory: join(folder, 'cdk.out') });
  const { stackName, template, assets } = impatient(synthesised, 8);
  const beside = parseTemplate({ Resources: { ...everyEvent, ...example() } });
  const whole = { ...template, Resources: { ...template.Resources, ...beside.Resources } };
  const emulators = await startEmulators();
  const { accountId, endpoints } = emulators;
  const [dynamodb, eventBridge] = await Promise.all([startGate(endpoints.dynamodb), startGate(endpoints.eventBridge)]);
  const aws = createAwsClients(endpoints);
  const account = { accountId, region: endpoints.region, sqsEndpoint: endpoints.sqs };
  const stack = resolveTemplate(whole, stackName, account);
  await deployData(stack, aws);
  const arns: Record<string, string> = JSON.parse(stack.outputs['RelaySecretArns'] ?? '{}');
  for (const [relay, secret] of Object.entries(secrets)) {
    const input = { SecretId: arns[relay], SecretString: JSON.stringify(secret) };
    await aws.secretsManager.send(new PutSecretValueCommand(input));
  }
  const gated = { ...emulators, endpoints: { ...endpoints, dynamodb: dynamodb.url, eventBridge: eventBridge.url } };
  const problems: string[] = [];
  const onProblem = (problem: string): void => void problems.push(problem);
  const functions = startFunctions(stack, { assets, emulators: gated, clients: aws, onProblem });
  const hostsOf = (part: string): FunctionHost[] => functions.hosts.filter(({ name }) => name.includes(part));
  const queueUrl = (part: string): string =>
    stack.resources.find(({ type, logicalId }) => type === 'AWS::SQS::Queue' && logicalId.startsWith(part))?.identity
      .ref ?? '';
  return {
    aws,
    outputs: stack.outputs,
    allUrl: queueUrl('All'),
    ticketsUrl: queueUrl('Tickets'),
    dynamodb,
    eventBridge,
    kill: (part) => killProcesses(hostsOf(part)),
    pids: (part) => hostsOf(part).flatMap((host) => host.pids()),
    problems,
    close: async () => {
      await functions.close();
      aws.destroy();
      await Promise.all([dynamodb.close(), eventBridge.close()]);
      await emulators.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
