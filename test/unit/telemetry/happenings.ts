import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, vi } from 'vitest';
import { stubClients } from '../../../bench/handler/aws-stubs.ts';
import { environment } from '../../../bench/handler/environment.ts';
import { type BenchMail, batchOf, benchMail } from '../../../bench/handler/mails.ts';
import { composeProbe } from '../../../functions/compose-probe.ts';
import { composeSender } from '../../../functions/compose-sender.ts';
import type { DeadLetterReason } from '../../../lib/contracts/dead-letter.ts';
import type { DeliveryEvent, DeliveryEventBody } from '../../../lib/delivery/events.ts';
import type { Phase } from '../../../lib/outcome/outcome.ts';
import { measureAudit } from '../../../lib/telemetry/audit-report.ts';
import { measureDelivery } from '../../../lib/telemetry/delivery-metrics.ts';
import { createLog, type Log } from '../../../lib/telemetry/log.ts';
import { measureProbe } from '../../../lib/telemetry/probe-report.ts';
import { smtpObserver } from '../../../lib/telemetry/smtp-observer.ts';
import type { Telemetry } from '../../../lib/telemetry/telemetry.ts';
import { valuesOf } from '../../support/emf.ts';
import { itemOf, measured, reportOf } from '../probe/probe-factory.ts';

export const clock = { now: () => 1_000_000 };
export const log: Log = createLog({ stage: 'test', clock, write: () => {} });

export type Happening = (telemetry: Telemetry) => unknown;
export interface Row {
  readonly when: Happening;
  /** The values that are published; those of a relay under `primary`. */
  readonly values: readonly number[];
}

export const told = (event: DeliveryEventBody): Happening => {
  const whole: DeliveryEvent = { key: 'k', messageId: 'm', ...event };
  return (telemetry) => measureDelivery(whole, telemetry);
};
export const deadLettered = (reason: DeadLetterReason): Row => ({
  when: told({ type: 'dead-lettered', reason, recipients: 2 }),
  values: [1],
});
export const took = (step: 'choose' | 'claim' | 'settle'): Row => ({
  when: told({ type: 'step', step, durationMs: 12 }),
  values: [12],
});

const ada = 'ada@example.org';
const failure = (code: number | undefined, phase: Phase = 'rcpt') => {
  const reason =
    code === undefined ? { error: { kind: 'closed' as const, message: 'closed' } } : { reply: { code, text: 'no' } };
  const scope = code === undefined ? ('uncertain' as const) : ('recipient' as const);
  const classification = { scope, permanent: code !== undefined && code >= 500, rule: 'r' };
  return { address: ada, failure: { phase, reused: false, ...reason }, classification };
};
/** One transaction: accepted, or failed with that code, or without one. */
export const sent = (...codes: readonly (number | undefined)[]): Happening =>
  told({
    type: 'attempt',
    relay: 'primary',
    reused: false,
    accepted: codes.includes(250) ? [ada] : [],
    failed: codes.filter((code) => code !== 250).map((code) => failure(code)),
    durationMs: 120,
    wholeMs: 500,
    chooseMs: 300,
    timings: { envelopeMs: 40, dataMs: 80, connectMs: 7 },
  });

export const smtp =
  (tell: (observer: ReturnType<typeof smtpObserver>) => unknown): Happening =>
  (telemetry) =>
    tell(smtpObserver(telemetry));
const setUp = { connectMs: 7, greetingMs: 5, tlsMs: 20, authMs: 30 };
export const ready = smtp((observer) => observer.connectionReady('primary', setUp));
export const failedIn = (phase: Phase): Row => ({
  when: smtp((observer) => observer.connectionFailed('primary', failure(undefined, phase).failure)),
  values: [1],
});

export const probed: Happening = (telemetry) => {
  const after = itemOf({ probe: reportOf({ status: 'degraded', factor: 0.4 }) });
  const result = measured({ latencyMs: 321 });
  measureProbe(
    { type: 'probed', relay: 'primary', result, before: undefined, after, at: reportOf().at + 1 },
    telemetry,
  );
};
export const audited: Happening = (telemetry) => {
  const finding = { key: 'k', kind: 'attempt-overdue', since: 0, mayHaveIt: false } as const;
  const report = { truncated: false, unfinished: 3, intakeMessages: 1 };
  measureAudit({ ...report, findings: [finding, finding], missingFromQueue: 2 }, clock.now(), telemetry);
};

/** The whole sender handles one message, with an AWS that answers everything and a relay that is not there. */
export const invokedWith =
  (mail: BenchMail): Happening =>
  async (telemetry) => {
    const sender = composeSender({
      environment: environment(),
      clients: stubClients(1, 'wire'),
      clock,
      random: () => 0.5,
      telemetry: { ...telemetry, flush: () => {} },
      log,
    });
    const event = batchOf([mail], 0);
    await sender.handle(event, { awsRequestId: 'r', getRemainingTimeInMillis: () => 170_000 });
  };
export const noMail = invokedWith({ ...benchMail(0), to: [] });
/** A run of the probe function of a stage without relays: what it publishes goes to the standard output. */
export const probeRun: Happening = async (telemetry) => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const item = { Attributes: { owner: { S: 'o' }, endsAt: { N: '1' } } };
  const headers = { 'content-type': 'application/x-amz-json-1.0' };
  const answer = { response: { statusCode: 200, headers, body: Buffer.from(JSON.stringify(item)) } };
  const aws = {
    region: 'eu-west-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    requestHandler: { handle: async () => answer },
  };
  const probe = {
    intervalSeconds: 15,
    timeoutSeconds: 10,
    degradedMs: 200,
    degradedWeight: 0.4,
    authIntervalSeconds: 60,
  };
  const prober = composeProbe({
    environment: {
      POSTROOM_STAGE: 'test',
      POSTROOM_RELAY_HEALTH_TABLE: 'health',
      POSTROOM_EVENT_SOURCE_MAPPING: 'uuid',
      POSTROOM_SETTINGS: { relays: {}, probe, breaker: environment().POSTROOM_SETTINGS.breaker },
    },
    clients: {
      dynamoDb: new DynamoDBClient(aws),
      secretsManager: new SecretsManagerClient(aws),
      lambda: new LambdaClient(aws),
    },
    clock,
    random: () => 0.5,
  });
  await prober.handle({ awsRequestId: 'r', getRemainingTimeInMillis: () => 0 });
  const lines = written.mock.calls.map(([line]) => String(line));
  written.mockRestore();
  for (const runs of valuesOf(lines, 'ProbeRuns')) telemetry.count('ProbeRuns', undefined, runs);
  expect(valuesOf(lines, 'AwsCalls')).toEqual([]);
};
