import { afterEach, describe, expect, it, vi } from 'vitest';
import { readPattern } from '../../../local/events-bus/pattern.ts';
import type { InvocationResult } from '../../../local/platform/invocation.ts';
import type { StreamMapping } from '../../../local/platform/stream-mapping.ts';
import { startStreamPoller } from '../../../local/platform/stream-poller.ts';
import type { TableChange } from '../../../local/platform/stream-recorder.ts';

const mapping: StreamMapping = {
  streamArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/ledger/stream/local',
  tableName: 'ledger',
  keyNames: ['key'],
  functionId: 'events',
  batchSize: 10,
  windowMs: 0,
  filters: [],
  retryAttempts: 2,
  maxRecordAgeMs: Number.POSITIVE_INFINITY,
  bisect: true,
  reportBatchItemFailures: true,
  failureQueueUrl: 'https://queue/failures',
};

let stop: (() => Promise<void>) | undefined;
afterEach(() => stop?.());

const ok = (failed?: string): InvocationResult => ({
  ok: true,
  payload: JSON.stringify({ batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed }] }),
});
const thrown: InvocationResult = { ok: false, kind: 'error', message: 'thrown' };

/** A poller over writes that the test makes, and a function that answers as the test says. */
function start(answer: (keys: string[], numbers: string[]) => InvocationResult, changes: Partial<StreamMapping> = {}) {
  const seen: string[][] = [];
  const discarded: string[] = [];
  let write: (change: TableChange) => void = () => undefined;
  const poller = startStreamPoller(
    { ...mapping, ...changes },
    {
      changes: {
        watch: (_table, _keys, onChange) => {
          write = onChange;
        },
      },
      region: 'us-east-1',
      onProblem: () => undefined,
      discard: async (_url, body) => void discarded.push(body),
      invoke: async ({ Records }) => {
        const keys = Records.map(({ dynamodb }) => dynamodb?.Keys?.['key']?.S ?? '');
        seen.push(keys);
        return answer(
          keys,
          Records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? ''),
        );
      },
    },
  );
  stop = poller.stop;
  const put = (...keys: string[]) => {
    for (const S of keys) write({ keys: { key: { S } }, new: { key: { S } } });
  };
  return { seen, discarded, put, write };
}

describe('a table’s changes', () => {
  it('come in order and in batches', async () => {
    const { seen, put } = start(() => ok(), { batchSize: 2 });
    put('a', 'b', 'c');

    await vi.waitFor(() => expect(seen).toEqual([['a', 'b'], ['c']]));
  });

  it('come again from the reported one on', async () => {
    let failed = false;
    const { seen, put } = start((keys, numbers) => {
      const at = keys.indexOf('b');
      if (failed || at === -1) return ok();
      failed = true;
      return ok(numbers[at]);
    });
    put('a', 'b', 'c');

    await vi.waitFor(() =>
      expect(seen).toEqual([
        ['a', 'b', 'c'],
        ['b', 'c'],
      ]),
    );
  });

  it('are halved when the function throws, so that one bad record is found', async () => {
    const { seen, discarded, put } = start((keys) => (keys.includes('bad') ? thrown : ok()));
    put('a', 'b', 'bad', 'd');

    await vi.waitFor(() => expect(discarded).toHaveLength(1), 10_000);
    await vi.waitFor(() => expect(seen).toContainEqual(['d']), 10_000);
    expect(seen).toContainEqual(['a', 'b']);
  });

  it('go to the failure destination by their place when the limit is reached', async () => {
    const { seen, discarded, put } = start((_keys, [first]) => ok(first));
    put('a');

    await vi.waitFor(() => expect(discarded).toHaveLength(1), 10_000);
    expect(seen).toHaveLength(3);
    const info = JSON.parse(discarded[0] ?? '').DDBStreamBatchInfo;
    expect(info).toMatchObject({ batchSize: 1, startSequenceNumber: '000000000000000000001' });
    expect(discarded[0]).not.toContain('NewImage');
  });

  it('are repeated as a whole when the answer cannot be understood', async () => {
    let calls = 0;
    const { seen, put } = start(() => (++calls === 1 ? ok('nobody') : ok()));
    put('a', 'b');

    await vi.waitFor(() =>
      expect(seen).toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]),
    );
  });

  it('that no filter matches never reach the function', async () => {
    const { seen, write } = start(() => ok(), { filters: [readPattern({ eventName: ['MODIFY'] })] });
    const image = { key: { S: 'a' } };
    write({ keys: image, new: image });
    write({ keys: image, old: image });
    write({ keys: { key: { S: 'b' } }, old: image, new: image });

    await vi.waitFor(() => expect(seen).toEqual([['b']]));
  });
});
