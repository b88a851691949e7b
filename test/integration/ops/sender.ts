import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { DeleteMessageCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { senderSettings } from '../../../cdk/sender-settings.ts';
import { composeSender, type Sender } from '../../../functions/compose-sender.ts';
import { readStageConfig } from '../../../lib/contracts/stage-config.ts';
import { systemClock } from '../../../lib/platform/clock.ts';
import type { ScriptedRelay } from '../../support/scripted-relay.ts';
import type { Stage } from './fixture.ts';

/** The real sender over the stage's queues and ledger, with one relay that answers without TLS. */
export async function createSender(stage: Stage, relay: ScriptedRelay): Promise<Sender> {
  const { clients, intakeUrl, deadLetterUrl, ledgerTable, healthTable } = stage;
  const secret = { host: relay.host, port: relay.port, tls: 'none' };
  await clients.secretsManager.send(new CreateSecretCommand({ Name: 'primary', SecretString: JSON.stringify(secret) }));
  const config = readStageConfig({
    relays: { primary: { weight: 1, tier: 0, maxConnections: 240, allowPlaintext: true } },
    retry: { baseSeconds: 1, factor: 1, maxSeconds: 1 },
  });
  return composeSender({
    environment: {
      POSTROOM_STAGE: 'test',
      POSTROOM_INTAKE_QUEUE_URL: intakeUrl,
      POSTROOM_DEAD_LETTER_QUEUE_URL: deadLetterUrl,
      POSTROOM_LEDGER_TABLE: ledgerTable,
      POSTROOM_RELAY_HEALTH_TABLE: healthTable,
      POSTROOM_SETTINGS: senderSettings(config, { primary: 'primary' }),
    },
    clients: {
      sqs: clients.sqs,
      dynamoDb: clients.dynamodb,
      secretsManager: clients.secretsManager,
      s3: () => clients.s3,
    },
    clock: systemClock,
    random: Math.random,
  });
}

/** One invocation with what the queue hands out, as the event source mapping makes it. Returns how many mails it had. */
export async function invokeOnce({ clients: { sqs }, intakeUrl }: Stage, sender: Sender): Promise<number> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: intakeUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 1,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  if (Messages.length === 0) return 0;
  const context = { awsRequestId: 'test', getRemainingTimeInMillis: () => 170_000 };
  const { batchItemFailures } = await sender.handle({ Records: Messages.map(recordOf) }, context);
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  for (const { MessageId = '', ReceiptHandle } of Messages) {
    if (failed.has(MessageId)) continue;
    await sqs.send(new DeleteMessageCommand({ QueueUrl: intakeUrl, ReceiptHandle }));
  }
  return Messages.length;
}

function recordOf({
  MessageId = '',
  ReceiptHandle = '',
  Body = '',
  Attributes,
  MessageAttributes = {},
}: Message): SQSRecord {
  const attributes = Object.entries(MessageAttributes).map(([name, { StringValue }]) => [
    name,
    { dataType: 'String', stringValue: StringValue },
  ]);
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: {
      ApproximateReceiveCount: Attributes?.ApproximateReceiveCount ?? '1',
      SentTimestamp: Attributes?.SentTimestamp ?? '0',
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: Attributes?.ApproximateFirstReceiveTimestamp ?? '0',
    },
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:intake',
    awsRegion: 'us-east-1',
  };
}
