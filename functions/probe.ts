import type { Handler } from 'aws-lambda';
import * as v from 'valibot';
import { probeEnvironment } from '../lib/contracts/probe-environment.ts';
import { systemClock } from '../lib/platform/clock.ts';
import { probeClients } from '../lib/platform/probe-clients.ts';
import { composeProbe } from './compose-probe.ts';

const prober = composeProbe({
  environment: v.parse(probeEnvironment, process.env),
  clients: probeClients(),
  clock: systemClock,
  random: Math.random,
});

/** A schedule calls this every minute; what it says does not matter. */
export const handler: Handler<unknown, void> = (_event, context) => prober.handle(context);
