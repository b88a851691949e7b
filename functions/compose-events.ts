import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { EventsEnvironment } from '../lib/contracts/events-environment.ts';
import type { ChangeRecord } from '../lib/events/change.ts';
import { eventBus } from '../lib/events/event-bus.ts';
import { type PublishReport, publishChanges } from '../lib/events/publish.ts';
import type { Clock } from '../lib/platform/clock.ts';
import { awsCallCounter } from '../lib/telemetry/aws-calls.ts';
import { createLog } from '../lib/telemetry/log.ts';
import { createTelemetry } from '../lib/telemetry/telemetry.ts';

export interface EventsParts {
  readonly environment: EventsEnvironment;
  readonly client: EventBridgeClient;
  readonly clock: Clock;
}

export interface Publisher {
  handle(event: DynamoDBStreamEvent, context: Pick<Context, 'awsRequestId'>): Promise<DynamoDBBatchResponse>;
}

/** Builds what the function needs that turns the ledger's changes into events, once per execution environment. */
export function composeEvents({ environment, client, clock }: EventsParts): Publisher {
  const { POSTROOM_STAGE: stage, POSTROOM_EVENT_BUS: busName } = environment;
  const telemetry = createTelemetry({ stage, clock });
  const log = createLog({ stage, clock });
  client.middlewareStack.use(awsCallCounter(telemetry));
  const put = eventBus(client, busName);
  return {
    async handle({ Records }, { awsRequestId: requestId }) {
      const report = (told: PublishReport): void => {
        if (told.type === 'published') {
          telemetry.count('OutcomeEventsPublished', undefined, told.events);
          return;
        }
        telemetry.count('OutcomeEventsFailed', undefined, Math.max(1, told.keys.length));
        for (const key of told.keys) log.event('events.failed', { requestId, key, error: told.error });
        if (told.keys.length === 0) log.event('events.failed', { requestId, error: told.error });
      };
      try {
        const failed = await publishChanges(Records.map(toChange), { stage, put, report });
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
