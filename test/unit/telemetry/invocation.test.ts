import { expect, it, vi } from 'vitest';
import { stubClients } from '../../../bench/handler/aws-stubs.ts';
import { environment } from '../../../bench/handler/environment.ts';
import { batchOf, benchMail } from '../../../bench/handler/mails.ts';
import { composeSender } from '../../../functions/compose-sender.ts';
import { invocationFields } from '../../../lib/telemetry/invocation.ts';
import { createLog } from '../../../lib/telemetry/log.ts';
import { createTelemetry } from '../../../lib/telemetry/telemetry.ts';

const root = '1-5759e988-bd862e3fe1be46a994272793';

it.each([
  ['a sampled trace', `Root=${root};Parent=53995c3f42cd8ad8;Sampled=1`, { traceId: root }],
  [
    'a sampled trace with lineage',
    `Root=${root};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=25:a87bd80c:1`,
    { traceId: root },
  ],
  ['a trace that nobody keeps', `Root=${root};Parent=53995c3f42cd8ad8;Sampled=0`, {}],
  ['no decision yet', `Root=${root}`, {}],
  ['no tracing', undefined, {}],
  ['something else', 'nonsense', {}],
])('the lines of an invocation with %s', (_what, header, trace) => {
  expect(invocationFields('r-1', header)).toEqual({ requestId: 'r-1', ...trace });
});

it('the lines of the sender about a message carry the trace of their invocation', async () => {
  const lines: Record<string, unknown>[] = [];
  const clock = { now: () => 0 };
  const sender = composeSender({
    environment: environment(),
    clients: stubClients(1, 'client'),
    clock,
    random: () => 0.5,
    log: createLog({ stage: 'test', clock, write: (line) => lines.push(JSON.parse(line)) }),
    telemetry: createTelemetry({ stage: 'test', clock, sink: () => {} }),
  });
  const handle = (requestId: string, sampled: 0 | 1) => {
    vi.stubEnv('_X_AMZN_TRACE_ID', `Root=${root};Parent=53995c3f42cd8ad8;Sampled=${sampled}`);
    const event = batchOf([{ ...benchMail(0), to: [] }], 0);
    return sender.handle(event, { awsRequestId: requestId, getRemainingTimeInMillis: () => 170_000 });
  };

  await handle('first', 1);
  await handle('second', 0);
  vi.unstubAllEnvs();

  const about = { event: 'mail.dead-lettered', sqsId: 'message-0' };
  expect(lines).toMatchObject([
    { ...about, requestId: 'first', traceId: root },
    { ...about, requestId: 'second' },
  ]);
  expect(lines[1]).not.toHaveProperty('traceId');
});
