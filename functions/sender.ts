import type { Handler, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as v from 'valibot';
import { senderEnvironment } from '../lib/contracts/sender-environment.ts';
import { awsClients } from '../lib/platform/aws-clients.ts';
import { systemClock } from '../lib/platform/clock.ts';
import { askForShutdownNotice } from '../lib/platform/shutdown-notice.ts';
import { createLog } from '../lib/telemetry/log.ts';
import { composeSender } from './compose-sender.ts';

const environment = v.parse(senderEnvironment, process.env);
const log = createLog({ stage: environment.POSTROOM_STAGE, clock: systemClock });
const asked = askForShutdownNotice(process.env['AWS_LAMBDA_RUNTIME_API'], (error) =>
  log.event('sender.no-notice', { error }),
);
const sender = composeSender({ environment, clients: awsClients(), clock: systemClock, random: Math.random, log });

// Where the runtime gives notice, sessions end with QUIT; without notice, relays see them time out.
process.once('SIGTERM', () => {
  void sender.close().finally(() => process.exit(0));
});
await asked;

/** The intake queue's event source mapping calls this with up to a batch of messages. */
export const handler: Handler<SQSEvent, SQSBatchResponse> = (event, context) => sender.handle(event, context);
