import { afterAll, beforeAll, expect, it } from 'vitest';
import { failuresQueue } from '../../../lib/events/failures-queue.ts';
import { publishChanges } from '../../../lib/events/publish.ts';
import { type QueueService, startQueues } from '../../support/queue.ts';

let queues: QueueService;
let queueUrl: string;
beforeAll(async () => {
  queues = await startQueues();
  queueUrl = await queues.create('events-failed');
});
afterAll(() => queues.close());

it('a change that nobody can read is left in the failures queue, by key and sequence number', async () => {
  const change = { sequenceNumber: '4711', old: { key: { S: 'order-1' }, state: { S: 'a new word' } } };
  const ports = { stage: 'test', put: async () => new Map(), report() {} };

  const setAside = failuresQueue(queues.sqs, queueUrl);
  expect(await publishChanges([change], { ...ports, setAside })).toBeUndefined();

  const [body = ''] = await queues.drain(queueUrl);
  expect(JSON.parse(body)).toEqual({
    unreadable: expect.stringContaining('ValiError'),
    sequenceNumber: '4711',
    key: 'order-1',
  });
  const gone = failuresQueue(queues.sqs, `${queueUrl}-gone`);
  expect(await publishChanges([change], { ...ports, setAside: gone })).toBe('4711');
});
