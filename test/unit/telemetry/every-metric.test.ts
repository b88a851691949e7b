import { describe, expect, it } from 'vitest';
import { benchMail } from '../../../bench/handler/mails.ts';
import { deadLetterReasons } from '../../../lib/contracts/dead-letter.ts';
import { deadLetterMetrics, type MetricName, metrics } from '../../../lib/contracts/metrics.ts';
import { credentialsObserver } from '../../../lib/telemetry/credentials-observer.ts';
import { measureOldest } from '../../../lib/telemetry/delivery-metrics.ts';
import { healthReport } from '../../../lib/telemetry/health-report.ts';
import { measureProbe } from '../../../lib/telemetry/probe-report.ts';
import { reportPublishing } from '../../../lib/telemetry/publish-report.ts';
import { createTelemetry } from '../../../lib/telemetry/telemetry.ts';
import { type EmfDocument, emfDocuments } from '../../support/emf.ts';

import {
  audited,
  clock,
  deadLettered,
  failedIn,
  type Happening,
  invokedWith,
  log,
  noMail,
  probed,
  probeRun,
  type Row,
  ready,
  sent,
  smtp,
  told,
  took,
} from './happenings.ts';

/** What publishes each metric, and which numbers: a metric without a row does not compile. */
const rows: Readonly<Record<MetricName, Row>> = {
  MessagesReceived: { when: told({ type: 'received' }), values: [1] },
  MessagesDelivered: { when: told({ type: 'delivered', recipients: 3, attempts: 2, ageMs: 9 }), values: [1] },
  MessagesDeferred: { when: told({ type: 'deferred', recipients: 3, attempts: 2, visibleAt: 0 }), values: [1] },
  MessagesWaiting: { when: told({ type: 'waiting', why: 'no-relay' }), values: [1] },
  MessagesUncertain: { when: sent(undefined), values: [1] },
  DuplicatesSuppressed: { when: told({ type: 'duplicate' }), values: [1] },

  DeadLettersRejected: deadLettered('rejected'),
  DeadLettersExpired: deadLettered('expired'),
  DeadLettersExhausted: deadLettered('retry-exhausted'),
  DeadLettersInvalid: deadLettered('malformed'),
  DeadLettersUncertain: deadLettered('uncertain'),
  DeadLettersBounceUndeliverable: deadLettered('bounce-undeliverable'),
  DeadLettersPoison: deadLettered('poison'),

  BouncesPublished: {
    when: told({ type: 'bounce', notice: 'failed', result: { kind: 'published', key: 'b' } }),
    values: [1],
  },
  OutcomeEventsPublished: {
    when: (telemetry) => reportPublishing({ type: 'published', events: 4 }, telemetry, log),
    values: [4],
  },
  OutcomeEventsFailed: {
    when: (telemetry) => reportPublishing({ type: 'failed', keys: ['a', 'b'], error: 'x' }, telemetry, log),
    values: [2],
  },
  OverdueMails: { when: audited, values: [2] },
  MailsMissingFromQueue: { when: audited, values: [2] },

  CrashesSeen: { when: told({ type: 'crash-seen', crashes: 3 }), values: [1] },
  DeadLetterQueueFailures: {
    when: told({ type: 'service-unavailable', service: 'dead-letter-queue', error: 'x' }),
    values: [1],
  },
  LedgerUnavailable: { when: told({ type: 'waiting', why: 'ledger-unavailable' }), values: [1] },
  LedgerSettleFailures: { when: told({ type: 'settle-failed', acknowledged: false, error: 'x' }), values: [1] },
  CredentialRefreshes: { when: invokedWith(benchMail(0)), values: [1] },
  // Its entry, which the stub does not confirm, and a longer wait.
  AwsCalls: { when: noMail, values: [2] },
  AttemptsPerDelivery: { when: told({ type: 'delivered', recipients: 3, attempts: 2, ageMs: 9 }), values: [2] },
  TimeLeft: { when: noMail, values: [170_000] },
  OldestUndeliveredAge: {
    when: (telemetry) => {
      const received = { messageId: 'm', receiptHandle: 'r', body: '', receives: 1, sentAt: clock.now() - 90_000 };
      measureOldest([{ received, disposition: { kind: 'return' } }], clock.now(), telemetry);
    },
    values: [90],
  },

  SendDurationAccepted: { when: sent(250, 451), values: [120] },
  SendDurationDeferred: { when: sent(451, 550), values: [120] },
  SendDurationRefused: { when: sent(550), values: [120] },
  SendDurationFailed: { when: sent(undefined, 550), values: [120] },
  QueueWaitDuration: { when: told({ type: 'first-attempt', waitedMs: 412 }), values: [412] },
  ClaimDuration: took('claim'),
  ChooseDuration: took('choose'),
  ConnectDuration: { when: ready, values: [12] },
  TlsDuration: { when: ready, values: [20] },
  AuthDuration: { when: ready, values: [30] },
  EnvelopeDuration: { when: sent(250), values: [40] },
  DataDuration: { when: sent(250), values: [80] },
  SettleDuration: took('settle'),

  RecipientsAccepted: { when: sent(250, 451), values: [1] },
  RecipientsDeferred: { when: sent(451, 451, 550), values: [2] },
  RecipientsRefused: { when: sent(451, 550, undefined), values: [1] },
  ConnectionsOpened: { when: smtp((observer) => observer.connectionOpened('primary')), values: [1] },
  ConnectionsClosed: { when: smtp((observer) => observer.connectionClosed('primary')), values: [1] },
  ConnectionsReused: { when: smtp((observer) => observer.connectionReused('primary')), values: [1] },
  ConnectionsFailedDns: failedIn('dns'),
  ConnectionsFailedConnect: failedIn('connect'),
  ConnectionsFailedTls: failedIn('starttls'),
  ConnectionsFailedGreeting: failedIn('ehlo'),
  ConnectionsFailedAuth: failedIn('auth'),
  ConnectionsLost: { when: smtp((observer) => observer.connectionLost('primary')), values: [1] },
  CredentialRejections: {
    when: (telemetry) => credentialsObserver(telemetry, () => log).loginRefused('primary', 'same'),
    values: [1],
  },
  BreakerOpened: {
    when: (telemetry) =>
      healthReport(
        telemetry,
        () => log,
      )({ type: 'breaker-opened', relay: 'primary', reason: 'relay-faults', rule: 'r', reopensAt: 0 }),
    values: [1],
  },
  RelayThrottled: {
    when: (telemetry) => healthReport(telemetry, () => log)({ type: 'throttled', relay: 'primary', sessions: 2 }),
    values: [1],
  },
  RelayState: { when: probed, values: [1] },
  RelayWeightFactor: { when: probed, values: [0.4] },
  ProbeDuration: { when: probed, values: [321] },
  ProbeRuns: { when: probeRun, values: [1] },
  IntakePaused: {
    when: (telemetry) => measureProbe({ type: 'intake-looked-at', paused: true }, telemetry),
    values: [1],
  },
};

/** What one happening publishes. */
async function published(when: Happening): Promise<readonly EmfDocument[]> {
  const lines: string[] = [];
  const telemetry = createTelemetry({ stage: 'test', clock, sink: (line) => lines.push(line) });
  await when(telemetry);
  telemetry.flush();
  return emfDocuments(lines);
}

describe('every metric', () => {
  it.each(Object.keys(metrics).filter(isMetric))('%s is published as the table says', async (name) => {
    const { when, values } = rows[name];
    const { dimensions, unit } = metrics[name];

    const documents = (await published(when)).filter((document) => name in document.values);

    expect(documents.map((document) => document.values[name])).toEqual([values]);
    expect(documents[0]?.units[name]).toBe(unit);
    expect(documents[0]?.dimensions).toEqual(
      dimensions === 'stage' ? { stage: 'test' } : { stage: 'test', relay: 'primary' },
    );
  });

  it('a message that waits for its dead letter alone is not mail that waits for a relay', async () => {
    expect(await published(told({ type: 'waiting', why: 'dead-letter-queue' }))).toEqual([]);
  });

  it.each(deadLetterReasons)('an entry with the reason %s counts in one of them', async (reason) => {
    const [document] = await published(deadLettered(reason).when);

    expect(document?.values).toEqual({ [deadLetterMetrics[reason]]: [1] });
  });
});

function isMetric(name: string): name is MetricName {
  return name in rows;
}
