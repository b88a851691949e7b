import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { createBouncePort } from '../lib/bounce/port.ts';
import type { PublisherOptions } from '../lib/bounce/publisher.ts';
import type { SenderEnvironment } from '../lib/contracts/sender-environment.ts';
import { sqsDeadLetterQueue } from '../lib/dead-letter/sqs-queue.ts';
import { type BatchPorts, deliverBatch } from '../lib/delivery/batch.ts';
import type { InvocationBounds, ReceivedMessage } from '../lib/delivery/ports.ts';
import { respond } from '../lib/delivery/queue-response.ts';
import { dynamoDbRelayHealth } from '../lib/health/health-store.ts';
import { createRelayHealth } from '../lib/health/relay-health.ts';
import { dynamoDbLedger } from '../lib/ledger/dynamodb-store.ts';
import { buildMessage } from '../lib/mime/build.ts';
import type { S3Location } from '../lib/mime/contracts.ts';
import { readMailHead } from '../lib/mime/head.ts';
import { type FetchLimits, fetchS3Object } from '../lib/mime/s3-source.ts';
import type { AwsClients } from '../lib/platform/aws-clients.ts';
import { byteBudget } from '../lib/platform/byte-budget.ts';
import type { Clock, Random } from '../lib/platform/clock.ts';
import { createCredentials } from '../lib/relays/credentials.ts';
import { within } from '../lib/relays/credentials-secret.ts';
import { createRelayDirectory } from '../lib/relays/directory.ts';
import { fetchToken } from '../lib/relays/oauth2.ts';
import { createSecretReader } from '../lib/relays/secret-reader.ts';
import { createTransport } from '../lib/smtp/create-transport.ts';
import { awsCallCounter } from '../lib/telemetry/aws-calls.ts';
import { credentialsObserver } from '../lib/telemetry/credentials-observer.ts';
import { logDelivery } from '../lib/telemetry/delivery-log.ts';
import { measureDelivery, measureOldest } from '../lib/telemetry/delivery-metrics.ts';
import { healthReport } from '../lib/telemetry/health-report.ts';
import { invocationFields } from '../lib/telemetry/invocation.ts';
import { createLog, type Log } from '../lib/telemetry/log.ts';
import { smtpObserver } from '../lib/telemetry/smtp-observer.ts';
import { createTelemetry, type Telemetry } from '../lib/telemetry/telemetry.ts';

export interface SenderParts {
  readonly environment: SenderEnvironment;
  readonly clients: AwsClients;
  readonly clock: Clock;
  readonly random: Random;
  /** Standard output unless told otherwise. */
  readonly telemetry?: Telemetry;
  readonly log?: Log;
}

export interface Sender {
  handle(
    event: SQSEvent,
    context: Pick<Context, 'getRemainingTimeInMillis' | 'awsRequestId'>,
  ): Promise<SQSBatchResponse>;
  /** Ends every SMTP session with QUIT, as far as that can be done before Lambda ends the process. */
  close(): Promise<void>;
}

/** Kept back at the end of an invocation for the ledger and the queues, in milliseconds. */
const settleReserveMs = 10_000;
/** Kept back for the response itself. */
const responseReserveMs = 2_000;
/** Of that reserve, for the visibility of what goes back to the queue. */
const visibilityMs = 1_000;
/** A lease outlives its owner's deadline by this much, so that clocks may differ. */
const leaseMarginMs = 10_000;
/** Relays close idle sessions after a minute or more; ours are never that old. */
const idleSessionMs = 30_000;

/** Of the 500 ms that Lambda leaves after its notice; the rest is for the metrics. */
const farewellMs = 400;

/** Builds everything the sender needs, once per execution environment. */
export function composeSender({ environment, clients, clock, random, ...parts }: SenderParts): Sender {
  const { POSTROOM_STAGE: stage, POSTROOM_SETTINGS: settings } = environment;
  const { telemetry = createTelemetry({ stage, clock }), log = createLog({ stage, clock }) } = parts;
  let requestLog = log;
  const countCall: Telemetry['awsCall'] = (service, command) => {
    telemetry.count('AwsCalls');
    telemetry.awsCall(service, command);
  };
  for (const client of [clients.dynamoDb, clients.sqs, clients.secretsManager]) {
    client.middlewareStack.use(awsCallCounter(countCall));
  }
  const credentials = createCredentials({
    secrets: createSecretReader(clients.secretsManager),
    relays: settings.relays,
    clock,
    random,
    fetchToken,
    observer: credentialsObserver(
      telemetry,
      () => requestLog,
      () => telemetry.count('CredentialRefreshes'),
    ),
  });
  const health = createRelayHealth({
    relays: settings.relays,
    settings: settings.breaker,
    store: dynamoDbRelayHealth({
      client: clients.dynamoDb,
      tableName: environment.POSTROOM_RELAY_HEALTH_TABLE,
      onUnreadable: (relay, error) => requestLog.event('relay.health-unavailable', { relay, error }),
    }),
    clock,
    random,
    newId: randomUUID,
    pause,
    currentVersion: async (relay, deadline) => {
      const current = await credentials.get(relay, deadline);
      return current.ok ? current.settings.version : undefined;
    },
    report: healthReport(telemetry, () => requestLog),
  });
  const { connectSeconds, greetingSeconds, commandSeconds, finalReplySeconds } = settings.smtp;
  const transport = createTransport({
    timeouts: {
      connectMs: connectSeconds * 1000,
      greetingMs: greetingSeconds * 1000,
      commandMs: commandSeconds * 1000,
      finalReplyMs: finalReplySeconds * 1000,
    },
    observer: smtpObserver(telemetry),
    clock,
    idleMs: idleSessionMs,
  });
  const fetchObject = (location: S3Location, limits: FetchLimits) =>
    fetchS3Object(clients.s3(), clock, location, limits);
  const build: BatchPorts['build'] = (mail, { date, deadline }) =>
    buildMessage(mail, {
      fetchObject: (location, maxBytes) => fetchObject(location, { maxBytes, deadline }),
      date,
      maxMessageBytes: settings.maxMessageBytes,
      allowedFromDomains: settings.allowedFromDomains,
    });
  const holding = byteBudget(settings.maxBytesInFlight);
  const { maxMessageBytes, bounces } = settings;
  const queueUrl = environment.POSTROOM_INTAKE_QUEUE_URL;
  const readHead: PublisherOptions['readHead'] = (mail, { date, deadline }) =>
    readMailHead(mail, {
      fetchStart: (location, maxBytes) => fetchObject(location, { maxBytes, deadline, startOnly: true }),
      date,
    });
  const ports: BatchPorts = {
    ...(bounces === undefined
      ? {}
      : { bounces: createBouncePort({ sqs: clients.sqs, queueUrl, settings: bounces, readHead, clock }) }),
    clock,
    random,
    newId: randomUUID,
    pause,
    ledger: dynamoDbLedger(clients.dynamoDb, environment.POSTROOM_LEDGER_TABLE),
    relays: createRelayDirectory({ relays: settings.relays, credentials, health, random }),
    transport,
    deadLetters: sqsDeadLetterQueue(clients.sqs, environment.POSTROOM_DEAD_LETTER_QUEUE_URL),
    build,
    holding,
    report: (event) => {
      measureDelivery(event, telemetry);
      logDelivery(event, requestLog);
    },
    maxMessageBytes,
    retry: settings.retry,
    finalReplyMs: finalReplySeconds * 1000,
    rules: settings,
  };
  return {
    async handle({ Records: records }, context) {
      const receivedAt = clock.now();
      requestLog = log.with(invocationFields(context.awsRequestId, process.env['_X_AMZN_TRACE_ID']));
      const batch = records.map(toReceived);
      const bounds = boundsOf(receivedAt + context.getRemainingTimeInMillis());
      const disposed = await deliverBatch(batch, bounds, ports);
      const answered = respond(batch, disposed, {
        client: clients.sqs,
        queueUrl,
        clock,
        receivedAt,
        deadline: bounds.settleDeadline + visibilityMs,
        onRefused: (messageId, why) => ports.report({ key: '', messageId, type: 'visibility-refused', why }),
      });
      // What is known of relays must not cost the answer about mails: unanswered, delivered mail would come back.
      const told = within(health.flush(bounds.settleDeadline), bounds.settleDeadline - clock.now());
      const [response] = await Promise.all([answered, told]);
      measureOldest(disposed, clock.now(), telemetry);
      telemetry.record('TimeLeft', context.getRemainingTimeInMillis());
      telemetry.flush();
      return response;
    },
    close: async () => {
      await within(transport.close(), farewellMs);
      // The farewells happened after the last invocation had written its metrics.
      telemetry.flush();
    },
  };
}

function boundsOf(deadline: number): InvocationBounds {
  return {
    sendDeadline: deadline - settleReserveMs,
    settleDeadline: deadline - responseReserveMs,
    leaseEndsAt: deadline + leaseMarginMs,
  };
}

function toReceived(record: SQSRecord): ReceivedMessage {
  const { idempotencyKey, deadLetterId } = record.messageAttributes;
  return {
    messageId: record.messageId,
    receiptHandle: record.receiptHandle,
    body: record.body,
    receives: Number(record.attributes.ApproximateReceiveCount),
    sentAt: Number(record.attributes.SentTimestamp),
    ...(idempotencyKey?.stringValue === undefined ? {} : { idempotencyKey: idempotencyKey.stringValue }),
    ...(deadLetterId?.stringValue === undefined ? {} : { deadLetterId: deadLetterId.stringValue }),
  };
}
