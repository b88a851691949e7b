import { ChangeMessageVisibilityBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '../../lib/platform/clock.ts';

export interface HoldingOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly clock: Clock;
  /** How long messages stay hidden when this process is killed, in seconds. Longer when very many are held. */
  readonly holdSeconds: number;
  /** How long SQS may wait for messages before it says that there are none, in seconds; 1 unless told otherwise. */
  readonly waitSeconds?: number;
}

interface Holding {
  readonly receiptHandle: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Renewals of that many messages a second are certain to be kept up. */
const renewalsPerSecond = 100;
const batchLimit = 10;
const lanes = 4;
/** ChangeMessageVisibility, API reference. */
const longestSeconds = 43_200;

/** The messages that this process keeps hidden from others, by SQS message id: renewed until they are given back. */
export class Holdings {
  readonly #options: HoldingOptions;
  readonly #held = new Map<string, Holding>();
  readonly #timer: NodeJS.Timeout;
  #renewing: Promise<unknown> = Promise.resolve();

  constructor(options: HoldingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#renew(), options.holdSeconds * 250);
  }

  /** The visibility time-out to ask for: short enough that a killed command hides nothing for long. */
  get seconds(): number {
    return Math.min(
      longestSeconds,
      Math.ceil(Math.max(this.#options.holdSeconds, this.#held.size / renewalsPerSecond)),
    );
  }

  /** Remembers the newest receipt. Returns false when the message was held already. */
  add(id: string, receiptHandle: string, until: number): boolean {
    const fresh = !this.#held.has(id);
    this.#held.set(id, { receiptHandle, until });
    return fresh;
  }

  receiptOf(id: string): string | undefined {
    return this.#held.get(id)?.receiptHandle;
  }

  forget(id: string): void {
    this.#held.delete(id);
  }

  /** Shows everything again. Returns how many messages SQS did not show: they stay hidden until their time is up. */
  async giveBack(): Promise<number> {
    clearInterval(this.#timer);
    await this.#renewing;
    return this.#changeVisibility([...this.#held.keys()], 0);
  }

  #renew(): void {
    const soon = this.#options.clock.now() + this.seconds * 500;
    const due = [...this.#held].filter(([, { until }]) => until < soon).map(([id]) => id);
    this.#renewing = this.#renewing.then(() => this.#changeVisibility(due, this.seconds));
  }

  async #changeVisibility(ids: readonly string[], seconds: number): Promise<number> {
    const batches = Array.from({ length: Math.ceil(ids.length / batchLimit) }, (_, index) =>
      ids.slice(index * batchLimit, (index + 1) * batchLimit),
    );
    let refused = 0;
    const lane = async () => {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
        refused += await this.#changeBatch(batch, seconds);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return refused;
  }

  async #changeBatch(ids: readonly string[], seconds: number): Promise<number> {
    const { sqs, queueUrl, clock } = this.#options;
    const wanted = ids.filter((id) => this.#held.has(id));
    if (wanted.length === 0) return 0;
    const entries = wanted.map((id, index) => ({
      Id: String(index),
      ReceiptHandle: this.receiptOf(id),
      VisibilityTimeout: seconds,
    }));
    const until = clock.now() + seconds * 1000;
    try {
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries: entries });
      const { Successful = [] } = await sqs.send(command);
      for (const { Id } of Successful) this.#extend(wanted[Number(Id)] ?? '', until);
      return wanted.length - Successful.length;
    } catch {
      // Tried again by the next renewal; what becomes visible meanwhile is received again and recognised.
      return wanted.length;
    }
  }

  #extend(id: string, until: number): void {
    const holding = this.#held.get(id);
    if (holding !== undefined) this.#held.set(id, { ...holding, until });
  }
}
