import type { AuditReport } from '../audit/run.ts';
import type { Telemetry } from './telemetry.ts';

/** Publishes what an audit found at `now`, ms since the epoch. */
export function measureAudit(report: AuditReport, now: number, telemetry: Pick<Telemetry, 'record'>): void {
  const { findings, missingFromQueue, oldestSince } = report;
  telemetry.record('OverdueMails', findings.length);
  telemetry.record('MailsMissingFromQueue', missingFromQueue);
  if (oldestSince !== undefined) telemetry.record('OldestUndeliveredAge', (now - oldestSince) / 1000);
}
