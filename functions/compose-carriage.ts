import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createBouncePort } from '../lib/bounce/port.ts';
import type { PublisherOptions } from '../lib/bounce/publisher.ts';
import type { SenderEnvironment } from '../lib/contracts/sender-environment.ts';
import { sqsDeadLetterQueue } from '../lib/dead-letter/sqs-queue.ts';
import type { BatchPorts } from '../lib/delivery/batch.ts';
import { dynamoDbRelayHealth } from '../lib/health/health-store.ts';
import { createRelayHealth, type RelayHealth } from '../lib/health/relay-health.ts';
import { dynamoDbLedger } from '../lib/ledger/dynamodb-store.ts';
import { buildMessage } from '../lib/mime/build.ts';
import type { S3Location } from '../lib/mime/contracts.ts';
import { readMailHead } from '../lib/mime/head.ts';
import { type FetchLimits, fetchS3Object } from '../lib/mime/s3-source.ts';
import type { AwsClients } from '../lib/platform/aws-clients.ts';
import { byteBudget } from '../lib/platform/byte-budget.ts';
import type { Clock, Random } from '../lib/platform/clock.ts';
import { createCredentials } from '../lib/relays/credentials.ts';
import { createRelayDirectory } from '../lib/relays/directory.ts';
import { fetchToken } from '../lib/relays/oauth2.ts';
import { createSecretReader } from '../lib/relays/secret-reader.ts';
import { createTransport } from '../lib/smtp/create-transport.ts';
import type { SmtpTransport } from '../lib/smtp/transport.ts';
import { awsCallCounter } from '../lib/telemetry/aws-calls.ts';
import { credentialsObserver } from '../lib/telemetry/credentials-observer.ts';
import { logDelivery } from '../lib/telemetry/delivery-log.ts';
import { measureDelivery } from '../lib/telemetry/delivery-metrics.ts';
import { healthReport } from '../lib/telemetry/health-report.ts';
import type { Log } from '../lib/telemetry/log.ts';
import { smtpObserver } from '../lib/telemetry/smtp-observer.ts';
import type { Telemetry } from '../lib/telemetry/telemetry.ts';

export interface CarriageParts {
  readonly environment: SenderEnvironment;
  readonly clients: AwsClients;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Of the invocation under way. */
  log(): Log;
}

/** What carries mail, and the two of its parts that end an invocation or the process. */
export interface Carriage {
  readonly ports: BatchPorts;
  readonly health: RelayHealth;
  readonly transport: SmtpTransport;
}

/** Relays close idle sessions after a minute or more; ours are never that old. */
const idleSessionMs = 30_000;

/** Connects the use-case of the sender with AWS and with its relays. */
export function composeCarriage({ environment, clients, clock, random, telemetry, log }: CarriageParts): Carriage {
  const { POSTROOM_SETTINGS: settings } = environment;
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
    observer: credentialsObserver(telemetry, log, () => telemetry.count('CredentialRefreshes')),
  });
  const health = createRelayHealth({
    relays: settings.relays,
    settings: settings.breaker,
    store: dynamoDbRelayHealth({
      client: clients.dynamoDb,
      tableName: environment.POSTROOM_RELAY_HEALTH_TABLE,
      onUnreadable: (relay, error) => log().event('relay.health-unavailable', { relay, error }),
    }),
    clock,
    random,
    newId: randomUUID,
    pause,
    currentVersion: async (relay, deadline) => {
      const current = await credentials.get(relay, deadline);
      return current.ok ? current.settings.version : undefined;
    },
    report: healthReport(telemetry, log),
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
      logDelivery(event, log());
    },
    maxMessageBytes,
    retry: settings.retry,
    finalReplyMs: finalReplySeconds * 1000,
    rules: settings,
  };
  return { ports, health, transport };
}
