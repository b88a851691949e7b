import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { claimStateDir } from '../../../local/commands/state-dir.ts';
import { type AwsClients, createAwsClients } from '../../../local/platform/aws-clients.ts';
import { type Emulators, startEmulators } from '../../../local/platform/emulators.ts';
import { type SqsProxy, startSqsProxy } from './sqs-proxy.ts';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Queues and ledger as a stage has them, on emulators, and a state directory through which a command finds them. */
export interface Stage {
  readonly emulators: Emulators;
  readonly clients: AwsClients;
  readonly intakeUrl: string;
  readonly deadLetterUrl: string;
  readonly ledgerTable: string;
  readonly healthTable: string;
  /** Between the commands and SQS. */
  readonly proxy: SqsProxy;
  readonly directory: string;
  close(): Promise<void>;
}

export async function startStage(): Promise<Stage> {
  const emulators = await startEmulators();
  const proxy = await startSqsProxy(emulators.endpoints.sqs);
  const clients = createAwsClients(emulators.endpoints);
  const deadLetterUrl = await createQueue(clients, 'dead-letters');
  const intakeUrl = await createQueue(clients, 'intake');
  await createTable(clients, 'ledger', 'key');
  await createTable(clients, 'health', 'relay');
  const directory = await mkdtemp(join(tmpdir(), 'postroom-ops-'));
  const outputs = { IntakeQueueUrl: intakeUrl, DeadLetterQueueUrl: deadLetterUrl, LedgerTableName: 'ledger' };
  const unused = { mailbox: 'http://unused.invalid', defaultFrom: 'unused' };
  const stateDir = await claimStateDir(directory);
  await stateDir.publish({ ...emulators.endpoints, sqs: proxy.url, outputs, ...unused });
  const stage: Stage = {
    emulators,
    clients,
    intakeUrl,
    deadLetterUrl,
    ledgerTable: 'ledger',
    healthTable: 'health',
    proxy,
    directory,
    close: async () => {
      clients.destroy();
      await proxy.close();
      await emulators.close();
      await rm(directory, { recursive: true });
    },
  };
  await moveAfter(stage, 1000);
  return stage;
}

async function createQueue({ sqs }: AwsClients, name: string): Promise<string> {
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: '600' } }),
  );
  if (QueueUrl === undefined) throw new Error('no queue');
  return QueueUrl;
}

async function createTable({ dynamodb }: AwsClients, name: string, key: string): Promise<void> {
  await dynamodb.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
}

/** Sets the intake queue's redrive policy: SQS itself moves what was received more often than that. */
export async function moveAfter({ clients: { sqs }, intakeUrl, deadLetterUrl }: Stage, receives: number) {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetterUrl, AttributeNames: ['QueueArn'] }),
  );
  const policy = { deadLetterTargetArn: Attributes?.['QueueArn'], maxReceiveCount: receives };
  await sqs.send(
    new SetQueueAttributesCommand({ QueueUrl: intakeUrl, Attributes: { RedrivePolicy: JSON.stringify(policy) } }),
  );
}

export async function put(
  { clients: { sqs } }: Stage,
  queueUrl: string,
  body: string,
  attributes: Readonly<Record<string, string>> = {},
): Promise<string> {
  const values = Object.entries(attributes).map(([name, StringValue]): [string, MessageAttributeValue] => [
    name,
    { DataType: 'String', StringValue },
  ]);
  const { MessageId = '' } = await sqs.send(
    new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, MessageAttributes: Object.fromEntries(values) }),
  );
  return MessageId;
}

/** Everything that is visible in a queue right now; it stays hidden for ten minutes. */
export async function takeAll({ clients: { sqs } }: Stage, queueUrl: string): Promise<Message[]> {
  const taken: Message[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        VisibilityTimeout: 600,
      }),
    );
    if (Messages.length === 0) return taken;
    taken.push(...Messages);
  }
}

export async function depth({ clients: { sqs } }: Stage, queueUrl: string) {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return {
    visible: Number(Attributes['ApproximateNumberOfMessages']),
    hidden: Number(Attributes['ApproximateNumberOfMessagesNotVisible']),
  };
}

/** `npm run dlq -- …args` against that stage, as a process of its own. */
export function startDlq({ directory }: Stage, ...args: string[]): ChildProcess {
  const command = [join(root, 'ops/dlq/main.ts'), ...args, '--state-dir', directory];
  return spawn(process.execPath, command, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function ended(child: ChildProcess): Promise<Ended> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('no output');
  const [[exitCode], out, err] = await Promise.all([once(child, 'close'), text(stdout), text(stderr)]);
  return { exitCode, stdout: out, stderr: err };
}

export function dlq(stage: Stage, ...args: string[]): Promise<Ended> {
  return ended(startDlq(stage, ...args));
}
