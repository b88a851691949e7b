import type { Handler } from 'aws-lambda';
import * as v from 'valibot';
import { auditEnvironment } from '../lib/contracts/audit-environment.ts';
import { auditClients } from '../lib/platform/audit-clients.ts';
import { systemClock } from '../lib/platform/clock.ts';
import { composeAudit } from './compose-audit.ts';

const auditor = composeAudit({
  environment: v.parse(auditEnvironment, process.env),
  clients: auditClients(),
  clock: systemClock,
});

/** A schedule calls this every quarter of an hour; what it says does not matter. */
export const handler: Handler<unknown, void> = (_event, context) => auditor.handle(context);
