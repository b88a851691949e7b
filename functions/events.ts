import type { DynamoDBBatchResponse, DynamoDBStreamEvent, Handler } from 'aws-lambda';
import * as v from 'valibot';
import { eventsEnvironment } from '../lib/contracts/events-environment.ts';
import { systemClock } from '../lib/platform/clock.ts';
import { eventClients } from '../lib/platform/event-clients.ts';
import { composeEvents } from './compose-events.ts';

const publisher = composeEvents({
  environment: v.parse(eventsEnvironment, process.env),
  clients: eventClients(),
  clock: systemClock,
});

/** The event source mapping of the ledger's change stream calls this with up to a batch of changes. */
export const handler: Handler<DynamoDBStreamEvent, DynamoDBBatchResponse> = (event, context) =>
  publisher.handle(event, context);
