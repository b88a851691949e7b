import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { failedIdentifiers } from './batch-response.ts';
import type { InvocationResult } from './invocation.ts';
import { lambdaRecord, type StreamRecord, streamEvent } from './stream-event.ts';
import type { StreamMapping } from './stream-mapping.ts';
import type { TableChanges } from './stream-recorder.ts';

export interface StreamPollerOptions {
  readonly changes: TableChanges;
  readonly region: string;
  /** Never rejects. */
  invoke(event: DynamoDBStreamEvent): Promise<InvocationResult>;
  /** Puts a message on the queue of what Lambda gives up on. */
  discard(queueUrl: string, body: string): Promise<unknown>;
  onProblem(message: string): void;
}

const firstPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * Reads a table's changes in their order, one batch at a time, as Lambda does with a stream of one shard, and repeats what
 * failed until the mapping's limits are reached.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 */
export function startStreamPoller(mapping: StreamMapping, options: StreamPollerOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const waiting: StreamRecord[] = [];
  let wake = Promise.withResolvers<void>();
  let sequence = 0;
  options.changes.watch(mapping.tableName, mapping.keyNames, (change) => {
    sequence += 1;
    // As long as the numbers of the service, so that their order is that of their text as well.
    waiting.push({ sequenceNumber: String(sequence).padStart(21, '0'), at: Date.now(), change });
    wake.resolve();
  });
  const stopped = new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);

  async function poll(): Promise<void> {
    while (!signal.aborted) {
      await Promise.race([wake.promise, stopped]);
      wake = Promise.withResolvers();
      if (waiting.length < mapping.batchSize) await pause(mapping.windowMs);
      while (waiting.length > 0 && !signal.aborted) await carry(waiting.splice(0, mapping.batchSize), 0);
    }
  }

  /** Until every record was taken by the function, or given up. */
  async function carry(batch: readonly StreamRecord[], before: number): Promise<void> {
    let records: readonly StreamRecord[] = batch.filter((record) => isWanted(record, mapping, options.region));
    for (let attempts = before; records.length > 0 && !signal.aborted; ) {
      const result = await options.invoke(streamEvent(records, mapping.streamArn, options.region));
      if (!result.ok)
        options.onProblem(`An invocation of ${mapping.functionId} failed (${result.kind}): ${result.message}`);
      const rest = unfinished(records, result, mapping);
      attempts = rest.length < records.length ? 0 : attempts + 1;
      records = rest;
      if (records.length === 0) return;
      if (isExhausted(records, attempts, mapping)) return discard(records, attempts);
      await pause(Math.min(firstPauseMs * 2 ** attempts, longestPauseMs));
      if (mapping.bisect && !result.ok && records.length > 1) {
        const half = Math.ceil(records.length / 2);
        await carry(records.slice(0, half), attempts);
        records = records.slice(half);
      }
    }
  }

  async function discard(records: readonly StreamRecord[], attempts: number): Promise<void> {
    options.onProblem(`${records.length} changes of ${mapping.tableName} were given up after ${attempts} invocations`);
    const { failureQueueUrl } = mapping;
    if (failureQueueUrl === undefined) return;
    await options.discard(failureQueueUrl, JSON.stringify(failureRecord(records, attempts, mapping))).catch((error) => {
      options.onProblem(`The failure destination took nothing: ${String(error)}`);
    });
  }

  const polling = poll();
  return {
    stop: async () => {
      stopping.abort();
      await polling;
    },
  };
}

function isWanted(record: StreamRecord, { filters, streamArn }: StreamMapping, region: string): boolean {
  // A copy through JSON: patterns read what the function would.
  const seen = JSON.parse(JSON.stringify(lambdaRecord(record, streamArn, region)));
  return filters.length === 0 || filters.some((matches) => matches(seen));
}

/** From the first record that failed on: order is kept. */
function unfinished(
  records: readonly StreamRecord[],
  result: InvocationResult,
  { reportBatchItemFailures }: StreamMapping,
): readonly StreamRecord[] {
  if (!result.ok) return records;
  if (!reportBatchItemFailures) return [];
  const failed = failedIdentifiers(result.payload);
  const numbers = records.map(({ sequenceNumber }) => sequenceNumber);
  if (failed === undefined || failed.some((identifier) => !numbers.includes(identifier))) return records;
  const first = numbers.findIndex((number) => failed.includes(number));
  return first === -1 ? [] : records.slice(first);
}

function isExhausted([first]: readonly StreamRecord[], attempts: number, mapping: StreamMapping): boolean {
  const { retryAttempts, maxRecordAgeMs } = mapping;
  const tooOld = first !== undefined && Date.now() - first.at > maxRecordAgeMs;
  return tooOld || (retryAttempts >= 0 && attempts > retryAttempts);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
function failureRecord(records: readonly StreamRecord[], attempts: number, { streamArn, functionId }: StreamMapping) {
  const [first, last] = [records[0], records.at(-1)];
  const arrival = (record: StreamRecord | undefined) => new Date(record?.at ?? 0).toISOString();
  return {
    requestContext: {
      requestId: randomUUID(),
      functionArn: functionId,
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: attempts,
    },
    version: '1.0',
    timestamp: new Date().toISOString(),
    DDBStreamBatchInfo: {
      shardId: 'shardId-00000000000000000000-00000001',
      startSequenceNumber: first?.sequenceNumber,
      endSequenceNumber: last?.sequenceNumber,
      approximateArrivalOfFirstRecord: arrival(first),
      approximateArrivalOfLastRecord: arrival(last),
      batchSize: records.length,
      streamArn,
    },
  };
}
