import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { SenderEnvironment } from '../lib/contracts/sender-environment.ts';
import { deliverBatch } from '../lib/delivery/batch.ts';
import type { InvocationBounds, ReceivedMessage } from '../lib/delivery/ports.ts';
import { respond } from '../lib/delivery/queue-response.ts';
import type { AwsClients } from '../lib/platform/aws-clients.ts';
import type { Clock, Random } from '../lib/platform/clock.ts';
import { within } from '../lib/platform/within.ts';
import { measureOldest } from '../lib/telemetry/delivery-metrics.ts';
import { invocationFields } from '../lib/telemetry/invocation.ts';
import { createLog, type Log } from '../lib/telemetry/log.ts';
import { createTelemetry, type Telemetry } from '../lib/telemetry/telemetry.ts';
import { composeCarriage } from './compose-carriage.ts';

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
/** Of the 500 ms that Lambda leaves after its notice; the rest is for the metrics. */
const farewellMs = 400;

/** Builds everything the sender needs, once per execution environment. */
export function composeSender({ environment, clients, clock, random, ...parts }: SenderParts): Sender {
  const { POSTROOM_STAGE: stage, POSTROOM_INTAKE_QUEUE_URL: queueUrl } = environment;
  const { telemetry = createTelemetry({ stage, clock }), log = createLog({ stage, clock }) } = parts;
  let requestLog = log;
  const { ports, health, transport } = composeCarriage({
    environment,
    clients,
    clock,
    random,
    telemetry,
    log: () => requestLog,
  });
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
