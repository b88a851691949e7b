import type { Context } from 'aws-lambda';
import { firstSendsInTurn } from '../lib/audit/first-sends.ts';
import { intakePause, messagesIn } from '../lib/audit/intake.ts';
import { findingKinds } from '../lib/audit/judge.ts';
import { unfinishedMail } from '../lib/audit/ledger-index.ts';
import { type AuditPorts, type AuditReport, audit } from '../lib/audit/run.ts';
import type { AuditEnvironment } from '../lib/contracts/audit-environment.ts';
import { dynamoDbLedger } from '../lib/ledger/dynamodb-store.ts';
import type { AuditClients } from '../lib/platform/audit-clients.ts';
import type { Clock } from '../lib/platform/clock.ts';
import { measureAudit } from '../lib/telemetry/audit-report.ts';
import { awsCallCounter } from '../lib/telemetry/aws-calls.ts';
import { invocationFields } from '../lib/telemetry/invocation.ts';
import { createLog, type Log } from '../lib/telemetry/log.ts';
import { createTelemetry } from '../lib/telemetry/telemetry.ts';

export interface AuditParts {
  readonly environment: AuditEnvironment;
  readonly clients: AuditClients;
  readonly clock: Clock;
}

export interface Auditor {
  handle(context: Pick<Context, 'awsRequestId'>): Promise<void>;
}

/** Builds what the audit function needs, once per execution environment. */
export function composeAudit({ environment, clients, clock }: AuditParts): Auditor {
  const { POSTROOM_STAGE: stage, POSTROOM_LEDGER_TABLE: table } = environment;
  const telemetry = createTelemetry({ stage, clock });
  const log = createLog({ stage, clock });
  for (const client of [clients.dynamoDb, clients.sqs]) client.middlewareStack.use(awsCallCounter(telemetry.awsCall));
  const ports: AuditPorts = {
    unfinished: unfinishedMail(clients.dynamoDb, table),
    firstSends: (now) => firstSendsInTurn(clients.dynamoDb, table, now),
    ledger: dynamoDbLedger(clients.dynamoDb, table),
    intakeMessages: messagesIn(clients.sqs, environment.POSTROOM_INTAKE_QUEUE_URL),
    pause: intakePause(clients.dynamoDb, environment.POSTROOM_RELAY_HEALTH_TABLE),
    clock,
    settings: environment.POSTROOM_SETTINGS,
  };
  return {
    async handle({ awsRequestId: requestId }) {
      const requestLog = log.with(invocationFields(requestId, process.env['_X_AMZN_TRACE_ID']));
      try {
        const told = await audit(ports);
        measureAudit(told, clock.now(), telemetry);
        logAudit(told, requestLog);
      } catch (error) {
        requestLog.event('audit.failed', { error });
        throw error;
      } finally {
        telemetry.flush();
      }
    },
  };
}

/** Lines for so many mails; the command lists them all. */
const mostLines = 50;

function logAudit({ findings, unfinished, intakeMessages, missingFromQueue }: AuditReport, log: Log): void {
  for (const { key, kind, since, attempts, lastRelay } of findings.slice(0, mostLines)) {
    const message = `since ${new Date(since).toISOString()}`;
    log.event('audit.overdue', {
      key,
      outcome: kind,
      message,
      ...(attempts === undefined ? {} : { attempts }),
      ...(lastRelay === undefined ? {} : { relay: lastRelay }),
    });
  }
  const byKind = findingKinds.map((kind) => [kind, findings.filter((one) => one.kind === kind).length] as const);
  const found = Object.fromEntries(byKind.filter(([, count]) => count > 0));
  log.event('audit.done', { counts: { ...found, unfinished, intakeMessages, missingFromQueue } });
}
