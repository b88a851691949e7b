import type { Handler, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as v from 'valibot';
import { senderEnvironment } from '../lib/contracts/sender-environment.ts';
import { awsClients } from '../lib/platform/aws-clients.ts';
import { systemClock } from '../lib/platform/clock.ts';
import { composeSender } from './compose-sender.ts';

const sender = composeSender({
  environment: v.parse(senderEnvironment, process.env),
  clients: awsClients(),
  clock: systemClock,
  random: Math.random,
});

// Where the runtime gives notice, sessions end with QUIT; without notice, relays see them time out.
process.once('SIGTERM', () => {
  void sender.close().finally(() => process.exit(0));
});

/** The intake queue's event source mapping calls this with up to a batch of messages. */
export const handler: Handler<SQSEvent, SQSBatchResponse> = (event, context) => sender.handle(event, context);
