import type { DeadLetterEntry, ReceivedMessage } from '../../../lib/delivery/ports.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import type { Random } from '../../../lib/platform/clock.ts';

/** How often things go wrong: each a probability per call. */
export interface Faults {
  /** The process dies before, or after, a call had its effect. */
  readonly crash: number;
  /** A service answers with an error before, or after, the call had its effect. */
  readonly service: number;
  /** A relay cannot be reached. */
  readonly relayDown: number;
  /** A transaction ends in something else than acceptance. */
  readonly refusal: number;
}

export const noFaults: Faults = { crash: 0, service: 0, relayDown: 0, refusal: 0 };

export interface QueuedMessage {
  readonly messageId: string;
  readonly body: string;
  readonly sentAt: number;
  readonly attributes: { readonly idempotencyKey?: string; readonly deadLetterId?: string };
  receives: number;
  visibleAt: number;
}

/** Everything that outlives a process: queues, ledger, and what the relays took. Time only moves when somebody waits. */
export class World {
  now = Date.parse('2026-01-01T00:00:00Z');
  faults: Faults;
  readonly random: Random;
  readonly queue = new Map<string, QueuedMessage>();
  readonly deadLetters: DeadLetterEntry[] = [];
  /** Ids of the entries that were put back into the intake queue; a copy of one that stayed behind means nothing more. */
  readonly redriven = new Set<string>();
  readonly ledger = new Map<string, LedgerItem>();
  /** How often the relays took the mail for a recipient: `key recipient` → count. */
  readonly taken = new Map<string, number>();
  /** Crashes and doubts that the ledger counted, also those that a redrive reset: key → count. */
  readonly counted = new Map<string, number>();
  /** Entries put back into the intake queue: key → count. */
  readonly redrives = new Map<string, number>();
  /** Conversations that a process had in progress when the ledger was told about them: must be none unclaimed. */
  unclaimedSends = 0;
  private nextId = 0;

  constructor(faults: Faults, random: Random) {
    this.faults = faults;
    this.random = random;
  }

  id(kind: string): string {
    this.nextId += 1;
    return `${kind}-${this.nextId}`;
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random() < probability;
  }

  publish(message: object, attributes: QueuedMessage['attributes'] = {}): void {
    const messageId = this.id('message');
    const body = JSON.stringify(message);
    this.queue.set(messageId, { messageId, body, sentAt: this.now, attributes, receives: 0, visibleAt: this.now });
  }

  /** Up to ten visible messages, invisible for `visibilityMs` from now on. */
  receive(visibilityMs: number): ReceivedMessage[] {
    const visible = [...this.queue.values()].filter(({ visibleAt }) => visibleAt <= this.now).slice(0, 10);
    return visible.map((message) => {
      message.receives += 1;
      message.visibleAt = this.now + visibilityMs;
      const { messageId, body, sentAt, receives, attributes } = message;
      return { messageId, receiptHandle: messageId, body, sentAt, receives, ...attributes };
    });
  }

  /** Time passes until the next message is visible. */
  skipToNextVisible(): void {
    const next = Math.min(...[...this.queue.values()].map(({ visibleAt }) => visibleAt));
    if (Number.isFinite(next)) this.now = Math.max(this.now, next);
  }

  /** What an operator does with a dead-letter entry: back into the intake queue, under a new SQS message id. */
  redrive(entry: DeadLetterEntry): void {
    const { idempotencyKey, deadLetterId } = entry.attributes;
    const key = idempotencyKey ?? '';
    this.redrives.set(key, (this.redrives.get(key) ?? 0) + 1);
    this.deadLetters.splice(this.deadLetters.indexOf(entry), 1);
    if (deadLetterId !== undefined) this.redriven.add(deadLetterId);
    const messageId = this.id('message');
    this.queue.set(messageId, {
      messageId,
      body: entry.body,
      sentAt: this.now,
      attributes: {
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        ...(deadLetterId === undefined ? {} : { deadLetterId }),
      },
      receives: 0,
      visibleAt: this.now,
    });
  }
}
