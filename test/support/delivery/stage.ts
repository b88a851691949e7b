import { type BatchPorts, type Disposed, deliverBatch } from '../../../lib/delivery/batch.ts';
import type { DeliveryEvent } from '../../../lib/delivery/events.ts';
import type { Candidate, InvocationBounds, ReceivedMessage } from '../../../lib/delivery/ports.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import type { Affinity } from '../../../lib/relays/choose.ts';
import type { Acquired } from '../../../lib/smtp/transport.ts';
import { seeded } from '../random.ts';
import { noFaults, World } from '../simulation/world.ts';
import { type Answer, accept } from './answers.ts';
import { type CrashPoint, Environment } from './crash-points.ts';

const functionTimeoutMs = 180_000;
export const finalReplyMs = 60_000;
const visibilityMs = 6 * functionTimeoutMs;

export interface Sent {
  readonly relay: string;
  readonly key: string;
  readonly to: readonly string[];
}

export interface Invocation {
  readonly crash?: readonly CrashPoint[];
  /** Replaces single ports for this invocation. */
  readonly ports?: Partial<BatchPorts>;
  /** Where the event source mapping's part is not played: what is received stays invisible for the queue's default. */
  readonly batch?: readonly ReceivedMessage[];
}

/** The sender between in-memory queues, ledger and relays: nothing happens that a test did not write down. */
export class Stage {
  readonly world = new World(noFaults, seeded(1));
  readonly events: DeliveryEvent[] = [];
  readonly sent: Sent[] = [];
  /** What the relays asked for affinity were told, one per attempt. */
  readonly affinities: (Affinity | undefined)[] = [];
  relays: readonly Candidate[] = [{ relay: 'primary', maxRecipients: 100 }];
  /** Relays that take mail of any sender, available or not. */
  eligible: readonly string[] | undefined;
  /** The next answers of a relay, in turn; afterwards it accepts. */
  readonly answers: Record<string, Answer[]> = {};
  /** Relays that nobody gets a session to, and why. */
  readonly unreachable: Record<string, SmtpFailure> = {};
  /** Relays whose pooled session is handed out. */
  readonly reusing = new Set<string>();

  publish(message: object, attributes: { idempotencyKey?: string; deadLetterId?: string } = {}): void {
    this.world.publish(message, attributes);
  }

  item(key: string): LedgerItem {
    const found = this.world.ledger.get(key);
    if (found === undefined) throw new Error(`the ledger holds nothing for ${key}`);
    return found;
  }

  told(type: DeliveryEvent['type']): DeliveryEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  bounds(): InvocationBounds {
    const deadline = this.world.now + functionTimeoutMs;
    return { sendDeadline: deadline - 10_000, settleDeadline: deadline - 2_000, leaseEndsAt: deadline + 10_000 };
  }

  /** One invocation on what is visible, and then what the event source mapping does. */
  async invoke(invocation: Invocation = {}): Promise<readonly Disposed[] | 'died'> {
    const environment = new Environment(invocation.crash ?? []);
    const batch = invocation.batch ?? this.world.receive(visibilityMs);
    const ports = { ...this.ports(environment), ...invocation.ports };
    const disposed = await Promise.race([deliverBatch(batch, this.bounds(), ports), environment.died]);
    if (disposed === 'died') return disposed;
    for (const { received, disposition } of disposed) {
      const message = this.world.queue.get(received.messageId);
      if (disposition.kind === 'delete') this.world.queue.delete(received.messageId);
      else if (message !== undefined && disposition.visibleAt !== undefined) message.visibleAt = disposition.visibleAt;
    }
    return disposed;
  }

  /** Time passes until a message is visible, then the sender is invoked; as often as asked, or until the queue is empty. */
  async later(times = 50): Promise<void> {
    for (let turn = 0; turn < times && this.world.queue.size > 0; turn += 1) {
      this.world.skipToNextVisible();
      await this.invoke();
    }
  }

  ports(environment: Environment = new Environment([])): BatchPorts {
    const { world } = this;
    return {
      clock: { now: () => world.now },
      random: world.random,
      newId: () => world.id('id'),
      pause: async (ms) => {
        world.now += ms;
      },
      ledger: {
        read: (key) => environment.perform('ledger.read', () => world.ledger.get(key)),
        write: (next, expected) =>
          environment.perform('ledger.write', () => {
            const current = world.ledger.get(next.key);
            if (current?.writeId !== expected?.writeId) return { written: false, current };
            world.ledger.set(next.key, next);
            return { written: true };
          }),
      },
      relays: {
        candidates: async (_domain, affinity) => {
          this.affinities.push(affinity);
          const { relays, eligible = relays.length > 0 ? relays.map(({ relay }) => relay) : ['primary'] } = this;
          return { relays, eligible };
        },
        connection: async (relay) => ({
          ok: true,
          settings: { relay, version: '1', host: '127.0.0.1', port: 25, tls: 'none', maxSessions: 2 },
        }),
        takesMail: async () => true,
        credentialsRefused: async () => false,
        observe() {},
        attemptEnded() {},
      },
      transport: {
        acquire: ({ relay }, { fresh }) =>
          environment.perform('connect', () => this.session(relay, fresh, environment)),
        async close() {},
      },
      deadLetters: { send: (entry) => environment.perform('dead-letter', () => void world.deadLetters.push(entry)) },
      // The relays read the mail's key off its bytes.
      build: ({ key }) => environment.perform('build', () => ({ ok: true, message: Buffer.from(key) }), key),
      holding: (_bytes, work) => work(),
      report: (event) => this.events.push(event),
      maxMessageBytes: 1_000_000,
      retry: { baseSeconds: 30, factor: 2, maxSeconds: 3600, jitter: 0, maxAttempts: 8, maxAgeSeconds: 432_000 },
      finalReplyMs,
      rules: { allowedFromDomains: [], attachmentBuckets: [] },
    };
  }

  private session(relay: string, fresh: boolean | undefined, environment: Environment): Acquired {
    const failure = this.unreachable[relay];
    if (failure !== undefined) return { ok: false, failure };
    const reused = this.reusing.has(relay) && fresh !== true;
    const send = async (to: readonly string[], message: Buffer) => {
      const result = await (this.answers[relay]?.shift() ?? accept())(to);
      this.sent.push({ relay, key: message.toString(), to });
      for (const { address } of result.accepted) {
        const name = `${message} ${address}`;
        this.world.taken.set(name, (this.world.taken.get(name) ?? 0) + 1);
      }
      return result;
    };
    return {
      ok: true,
      session: {
        relay,
        reused,
        send: ({ envelope, message }) => environment.perform('send', () => send(envelope.to, message)),
        release() {},
      },
    };
  }
}

/** A mail in the intake contract's words. */
export function mail(overrides: object = {}): object {
  return {
    idempotencyKey: 'order-1',
    from: 'shop@example.com',
    to: ['ada@example.org'],
    subject: 'Your receipt',
    text: 'Thank you.',
    ...overrides,
  };
}
