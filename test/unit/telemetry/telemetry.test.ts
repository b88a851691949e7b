import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metrics } from '../../../lib/contracts/metrics.ts';
import { createTelemetry } from '../../../lib/telemetry/telemetry.ts';
import { emfDocuments, sumOf, valuesOf } from '../../support/emf.ts';

const now = Date.UTC(2026, 10, 23, 10);

function prepare() {
  const lines: string[] = [];
  const telemetry = createTelemetry({ stage: 'test', clock: { now: () => now }, sink: (line) => lines.push(line) });
  return { lines, telemetry };
}

describe('telemetry', () => {
  it('writes one document for the stage and one for each relay that was used', () => {
    const { lines, telemetry } = prepare();

    telemetry.count('MessagesReceived');
    telemetry.count('RecipientsAccepted', 'primary', 3);
    telemetry.count('RecipientsAccepted', 'fallback');
    telemetry.record('SendDurationAccepted', 120);
    telemetry.flush();

    expect(emfDocuments(lines)).toMatchObject([
      {
        timestamp: now,
        namespace: 'Postroom',
        dimensions: { stage: 'test' },
        units: { MessagesReceived: 'Count', SendDurationAccepted: 'Milliseconds' },
        values: { MessagesReceived: [1], SendDurationAccepted: [120] },
      },
      { dimensions: { stage: 'test', relay: 'primary' }, values: { RecipientsAccepted: [3] } },
      { dimensions: { stage: 'test', relay: 'fallback' }, values: { RecipientsAccepted: [1] } },
    ]);
  });

  it('publishes under no other dimension: each set would be another metric', () => {
    const { lines, telemetry } = prepare();

    telemetry.count('MessagesReceived');
    telemetry.count('RecipientsAccepted', 'primary');
    telemetry.flush();

    expect(emfDocuments(lines).map((document) => document.dimensions)).toEqual([
      { stage: 'test' },
      { stage: 'test', relay: 'primary' },
    ]);
  });

  it('writes nothing that was not touched since the last flush', () => {
    const { lines, telemetry } = prepare();

    telemetry.flush();
    expect(lines).toEqual([]);

    telemetry.count('RecipientsAccepted', 'primary');
    telemetry.flush();
    telemetry.count('MessagesReceived');
    telemetry.flush();

    expect(emfDocuments(lines).map((document) => document.values)).toEqual([
      { RecipientsAccepted: [1] },
      { MessagesReceived: [1] },
    ]);
  });

  it('keeps every one of 1,000 values, at most 100 to a document', () => {
    const { lines, telemetry } = prepare();
    const values = Array.from({ length: 1_000 }, (_, index) => index);

    for (const value of values) telemetry.record('DataDuration', value);
    for (const value of values) telemetry.count('RecipientsAccepted', 'primary', value);
    telemetry.count('MessagesReceived');
    telemetry.flush();

    expect(valuesOf(lines, 'DataDuration')).toEqual(values);
    expect(sumOf(lines, 'RecipientsAccepted', { relay: 'primary' })).toBe(499_500);
    expect(sumOf(lines, 'MessagesReceived')).toBe(1);
  });

  it('loses and invents nothing, whatever is counted and whenever it is flushed', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('record' as const), n: fc.nat(100_000) }),
      fc.record({ kind: fc.constant('count' as const), n: fc.nat(1_000), relay: fc.constantFrom('a', 'b') }),
      fc.record({ kind: fc.constant('flush' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const { lines, telemetry } = prepare();
        const sums = { recorded: 0, a: 0, b: 0 };
        for (const each of steps) {
          if (each.kind === 'flush') telemetry.flush();
          if (each.kind === 'record') {
            telemetry.record('ClaimDuration', each.n);
            sums.recorded += each.n;
          }
          if (each.kind === 'count') {
            telemetry.count('ConnectionsOpened', each.relay, each.n);
            sums[each.relay] += each.n;
          }
        }
        telemetry.flush();

        expect(sumOf(lines, 'ClaimDuration')).toBe(sums.recorded);
        expect(sumOf(lines, 'ConnectionsOpened', { relay: 'a' })).toBe(sums.a);
        expect(sumOf(lines, 'ConnectionsOpened', { relay: 'b' })).toBe(sums.b);
      }),
    );
  });

  it('leaves out numbers that would void a document, and never publishes a negative time', () => {
    const { lines, telemetry } = prepare();

    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -40, 12.6]) telemetry.record('QueueWaitDuration', value);
    telemetry.count('MessagesReceived', undefined, Number.NaN);
    telemetry.flush();

    expect(valuesOf(lines, 'QueueWaitDuration')).toEqual([0, 13]);
    expect(valuesOf(lines, 'MessagesReceived')).toEqual([]);
  });

  it('does not fail a batch whose metrics cannot be written, nor count it twice', () => {
    const lines: string[] = [];
    let broken = true;
    const sink = (line: string) => {
      if (broken) throw new Error('write EPIPE');
      lines.push(line);
    };
    const telemetry = createTelemetry({ stage: 'test', clock: { now: () => now }, sink });

    telemetry.count('MessagesReceived');
    telemetry.flush();
    broken = false;
    telemetry.count('MessagesReceived');
    telemetry.flush();

    expect(sumOf(lines, 'MessagesReceived')).toBe(1);
  });

  it('stays under 400 bytes per mail in batches of ten, also when every metric is touched for every mail', () => {
    const { lines, telemetry } = prepare();

    for (let mail = 0; mail < 10; mail += 1) {
      for (const name of [
        'QueueWaitDuration',
        'ClaimDuration',
        'ChooseDuration',
        'ConnectDuration',
        'TlsDuration',
        'AuthDuration',
        'EnvelopeDuration',
        'DataDuration',
        'SettleDuration',
        'SendDurationAccepted',
      ] as const) {
        telemetry.record(name, 9_000 + mail);
      }
      telemetry.record('AttemptsPerDelivery', 1);
      for (const name of ['MessagesReceived', 'MessagesDelivered', 'MessagesDeferred', 'MessagesWaiting'] as const) {
        telemetry.count(name);
      }
      for (const relay of ['primary', 'fallback']) {
        for (const name of [
          'RecipientsAccepted',
          'RecipientsDeferred',
          'ConnectionsOpened',
          'ConnectionsClosed',
          'ConnectionsReused',
        ] as const) {
          telemetry.count(name, relay);
        }
      }
      telemetry.awsCall('DynamoDB', 'PutItem');
    }
    telemetry.record('TimeLeft', 170_000);
    telemetry.flush();

    const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    expect(bytes / 10).toBeLessThan(400);
  });

  it('fits every metric of a dimension set into one document', () => {
    expect(Object.keys(metrics).length).toBeLessThanOrEqual(100);
  });
});
