import type { DeliveryEvent, DeliveryEventBody } from '../../lib/delivery/events.ts';
import type { Clock } from '../../lib/platform/clock.ts';
import { logDelivery } from '../../lib/telemetry/delivery-log.ts';
import { measureDelivery } from '../../lib/telemetry/delivery-metrics.ts';
import { createLog } from '../../lib/telemetry/log.ts';
import { createTelemetry } from '../../lib/telemetry/telemetry.ts';

/** Bytes that one mail adds to the sender's log group. */
export interface Volume {
  readonly metrics: number;
  readonly lines: number;
}

const delivered: readonly DeliveryEventBody[] = [
  { type: 'received' },
  { type: 'step', step: 'choose', durationMs: 3 },
  { type: 'step', step: 'claim', durationMs: 7 },
  { type: 'first-attempt', waitedMs: 415 },
  {
    type: 'attempt',
    relay: 'primary',
    reused: true,
    accepted: ['ada@example.org'],
    failed: [],
    durationMs: 231,
    wholeMs: 242,
    chooseMs: 3,
    timings: { envelopeMs: 61, dataMs: 170 },
  },
  { type: 'step', step: 'settle', durationMs: 6 },
  { type: 'delivered', recipients: 1, attempts: 1, ageMs: 659 },
];

/** What the sender really writes for a batch of mails that are delivered at once over open sessions, per mail. */
export function bytesPerMail(batchSize: number): Volume {
  const clock: Clock = { now: () => Date.UTC(2026, 10, 23) };
  const written = { metrics: 0, lines: 0 };
  const telemetry = createTelemetry({ stage: 'prod', clock, sink: (line) => (written.metrics += bytes(line)) });
  const log = createLog({ stage: 'prod', clock, write: (line) => (written.lines += bytes(line)) });
  const requestLog = log.with({ requestId: '2f0c9a52-6d0e-4d6b-9a1f-0d7f5a6e3b11' });
  for (let mail = 0; mail < batchSize; mail += 1) {
    const identity = {
      key: `order-${100_000 + mail}/receipt`,
      messageId: '7d1d3b0e-6a9b-4f55-8f5e-1f9f2f8f6a10',
      tags: {},
    };
    telemetry.count('ConnectionsReused', 'primary');
    for (const command of ['PutItem', 'PutItem']) telemetry.awsCall('DynamoDB', command);
    for (const body of delivered) {
      const event: DeliveryEvent = { ...identity, ...body };
      measureDelivery(event, telemetry);
      logDelivery(event, requestLog);
    }
  }
  telemetry.record('TimeLeft', 171_234);
  telemetry.flush();
  return { metrics: written.metrics / batchSize, lines: written.lines / batchSize };
}

/** With the line end. */
const bytes = (line: string) => Buffer.byteLength(line) + 1;
