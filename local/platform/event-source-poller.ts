import { setTimeout as delay } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { succeededMessages } from './batch-response.ts';
import type { EventSourceMapping } from './event-source-mapping.ts';
import type { InvocationResult } from './invocation.ts';
import { sqsEvent } from './sqs-event.ts';

export interface PollerOptions {
  readonly sqs: SQSClient;
  readonly region: string;
  /** Never rejects. */
  invoke(event: unknown): Promise<InvocationResult>;
  /** For people: an invocation failed, or the queue did not answer. */
  onProblem(message: string): void;
}

/** In Lambda's words, https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html */
export type MappingState = 'Enabling' | 'Enabled' | 'Disabling' | 'Disabled';

export interface EventSourcePoller {
  readonly mapping: EventSourceMapping;
  state(): MappingState;
  /** When the state changed last. */
  lastModified(): Date;
  /**
   * Begins to poll, or to stop polling; whoever was received is handled. Only when the state is `Enabled` or `Disabled`.
   * To stop takes as long as the receive that is under way.
   */
  setEnabled(enabled: boolean): void;
  /** Receives nothing more, waits for invocations in flight for at most `graceMs`, then abandons them. */
  stop(graceMs: number): Promise<void>;
}

// The most that ReceiveMessage and DeleteMessageBatch take.
const sqsBatch = 10;
const longPollSeconds = 20;
const maxBackoffMs = 5_000;

/**
 * Polls a queue and invokes the function as Lambda's event source mapping does. What the function did not handle stays in
 * the queue with the visibility it has.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export function startEventSourcePoller(mapping: EventSourceMapping, options: PollerOptions): EventSourcePoller {
  const stopping = new AbortController();
  const inFlight = new Set<Promise<void>>();
  let wanted = mapping.enabled;
  let state: MappingState = wanted ? 'Enabled' : 'Disabled';
  let lastModified = new Date();
  let polling = wanted ? poll() : Promise.resolve();

  async function poll(): Promise<void> {
    let backoffMs = 100;
    while (wanted && !stopping.signal.aborted) {
      if (inFlight.size >= mapping.maximumConcurrency) {
        await Promise.race(inFlight);
        continue;
      }
      try {
        const messages = await receiveBatch(mapping, options.sqs, stopping.signal);
        backoffMs = 100;
        if (messages.length > 0) dispatch(messages);
      } catch (error) {
        if (stopping.signal.aborted) return;
        options.onProblem(`Polling ${mapping.queueArn} failed: ${String(error)}`);
        await delay(backoffMs, undefined, { signal: stopping.signal }).catch(() => undefined);
        backoffMs = Math.min(backoffMs * 2, maxBackoffMs);
      }
    }
  }

  function dispatch(messages: readonly Message[]): void {
    const work = processBatch(messages, mapping, options)
      .catch((error: unknown) => options.onProblem(`Deleting from ${mapping.queueArn} failed: ${String(error)}`))
      .finally(() => inFlight.delete(work));
    inFlight.add(work);
  }

  function enter(next: MappingState): void {
    state = next;
    lastModified = new Date();
  }

  return {
    mapping,
    state: () => state,
    lastModified: () => lastModified,
    setEnabled: (enabled) => {
      if (enabled === wanted) return;
      wanted = enabled;
      enter(enabled ? 'Enabling' : 'Disabling');
      if (enabled) {
        setImmediate(() => {
          enter('Enabled');
          polling = poll();
        });
      } else {
        // Not cut short: the queue would count what it hands out at that moment as received.
        void polling.then(() => enter('Disabled'));
      }
    },
    stop: async (graceMs) => {
      stopping.abort();
      await polling;
      const bound = new AbortController();
      const grace = delay(graceMs, undefined, { signal: bound.signal }).catch(() => undefined);
      await Promise.race([Promise.all(inFlight), grace]);
      bound.abort();
    },
  };
}

/** One batch: full, or what came until the window since the first message closed. Empty when nothing came. */
async function receiveBatch(mapping: EventSourceMapping, sqs: SQSClient, signal: AbortSignal): Promise<Message[]> {
  const batch = await receive(mapping, sqs, signal, mapping.batchSize, longPollSeconds);
  const end = Date.now() + mapping.windowMs;
  while (batch.length > 0 && batch.length < mapping.batchSize) {
    const waitSeconds = Math.round((end - Date.now()) / 1000);
    if (waitSeconds < 1) break;
    // What is in hand already must reach the function, whatever happens to the rest.
    const wanted = mapping.batchSize - batch.length;
    const more = await receive(mapping, sqs, signal, wanted, waitSeconds).catch(() => undefined);
    if (!more) break;
    batch.push(...more);
  }
  return batch;
}

async function receive(
  { queueUrl }: EventSourceMapping,
  sqs: SQSClient,
  signal: AbortSignal,
  wanted: number,
  waitSeconds: number,
): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: Math.min(wanted, sqsBatch),
    WaitTimeSeconds: Math.min(waitSeconds, longPollSeconds),
    MessageSystemAttributeNames: ['All'],
    MessageAttributeNames: ['All'],
  });
  const { Messages } = await sqs.send(command, { abortSignal: signal });
  return Messages ?? [];
}

async function processBatch(
  messages: readonly Message[],
  mapping: EventSourceMapping,
  { sqs, region, invoke, onProblem }: PollerOptions,
): Promise<void> {
  const result = await invoke(sqsEvent(messages, { queueArn: mapping.queueArn, region }));
  if (!result.ok) onProblem(`An invocation of ${mapping.functionId} failed (${result.kind}): ${result.message}`);
  const ids = messages.map(({ MessageId }) => MessageId ?? '');
  const succeeded = succeededMessages(ids, result, mapping.reportBatchItemFailures);
  const entries = messages
    .filter(({ MessageId }) => succeeded.includes(MessageId ?? ''))
    .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  for (let start = 0; start < entries.length; start += sqsBatch) {
    const Entries = entries.slice(start, start + sqsBatch);
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: mapping.queueUrl, Entries }));
  }
}
