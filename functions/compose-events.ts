import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { EventsEnvironment } from '../lib/contracts/events-environment.ts';
import type { ChangeRecord } from '../lib/events/change.ts';
import { eventBus } from '../lib/events/event-bus.ts';
import { failuresQueue } from '../lib/events/failures-queue.ts';
import { type PublishReport, publishChanges } from '../lib/events/publish.ts';
import type { Clock } from '../lib/platform/clock.ts';
import type { EventClients } from '../lib/platform/event-clients.ts';
import { awsCallCounter } from '../lib/telemetry/aws-calls.ts';
import { invocationFields } from '../lib/telemetry/invocation.ts';
import { createLog } from '../lib/telemetry/log.ts';
import { reportPublishing } from '../lib/telemetry/publish-report.ts';
import { createTelemetry } from '../lib/telemetry/telemetry.ts';

export interface EventsParts {
  readonly environment: EventsEnvironment;
  readonly clients: EventClients;
  readonly clock: Clock;
}

export interface Publisher {
  handle(event: DynamoDBStreamEvent, context: Pick<Context, 'awsRequestId'>): Promise<DynamoDBBatchResponse>;
}

/** Builds what the function needs that turns the ledger's changes into events, once per execution environment. */
export function composeEvents({ environment, clients, clock }: EventsParts): Publisher {
  const { POSTROOM_STAGE: stage, POSTROOM_EVENT_BUS: busName } = environment;
  const telemetry = createTelemetry({ stage, clock });
  const log = createLog({ stage, clock });
  for (const client of [clients.eventBridge, clients.sqs])
    client.middlewareStack.use(awsCallCounter(telemetry.awsCall));
  const put = eventBus(clients.eventBridge, busName);
  const setAside = failuresQueue(clients.sqs, environment.POSTROOM_EVENT_FAILURES_QUEUE_URL);
  return {
    async handle({ Records }, { awsRequestId: requestId }) {
      const requestLog = log.with(invocationFields(requestId, process.env['_X_AMZN_TRACE_ID']));
      const report = (told: PublishReport) => reportPublishing(told, telemetry, requestLog);
      try {
        const failed = await publishChanges(Records.map(toChange), { stage, put, setAside, report });
        return { batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed }] };
      } finally {
        telemetry.flush();
      }
    },
  };
}

function toChange({ dynamodb }: DynamoDBRecord): ChangeRecord {
  const { SequenceNumber = '', OldImage, NewImage } = dynamodb ?? {};
  return {
    sequenceNumber: SequenceNumber,
    ...(OldImage === undefined ? {} : { old: OldImage }),
    ...(NewImage === undefined ? {} : { new: NewImage }),
  };
}
