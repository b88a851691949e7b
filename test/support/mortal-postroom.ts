import { createBouncePublisher, type PublisherOptions } from '../../lib/bounce/publisher.ts';
import type { ReturnPathVerdict } from '../../lib/bounce/return-path.ts';
import { type BatchPorts, deliverBatch } from '../../lib/delivery/batch.ts';
import type { DeadLetterEntry } from '../../lib/delivery/ports.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import { buildMessage } from '../../lib/mime/build.ts';
import { readMailHead } from '../../lib/mime/head.ts';
import type { SmtpReply } from '../../lib/outcome/outcome.ts';
import type { Transaction, TransactionResult } from '../../lib/smtp/transport.ts';
import { bounceSettings, enqueuedAt } from './failed-mail.ts';
import type { QueueService } from './queue.ts';

export interface Scenario {
  /** What the relay answers to a recipient of a mail with a sender at the nth transaction for him; bounces it takes. */
  readonly answer: (address: string, nth: number) => SmtpReply;
  readonly returnPath?: ReturnPathVerdict;
  /** How many bounces the intake queue refuses before it takes one; none unless told otherwise. */
  readonly refusals?: number;
}

const never = new Promise<never>(() => {});

/** One sender, with a real intake queue for its bounces, whose process dies once at a chosen step. */
export class MortalPostroom {
  now = enqueuedAt;
  /** Calls to anything outside the process count twice: before and after their effect. */
  steps = 0;
  crashAt = Number.POSITIVE_INFINITY;
  readonly ledger = new Map<string, LedgerItem>();
  readonly deadLetters: DeadLetterEntry[] = [];
  readonly sent: Transaction['envelope'][] = [];
  readonly checked: string[] = [];
  private ids = 0;
  private published = 0;
  private died = Promise.withResolvers<'died'>();
  private readonly scenario: Scenario;
  private readonly ports: BatchPorts;

  constructor(scenario: Scenario, queues: QueueService, queueUrl: string) {
    this.scenario = scenario;
    this.ports = this.portsTo(queues, queueUrl);
  }

  /** Hands a message out again and again until it is deleted, or until that time. */
  async carry(body: string, messageId: string, until = Number.POSITIVE_INFINITY): Promise<void> {
    const sentAt = this.now;
    for (let receives = 1; this.now < until; receives += 1) {
      if (receives > 100) throw new Error('the message never ends');
      const { now } = this;
      const bounds = { sendDeadline: now + 60_000, settleDeadline: now + 70_000, leaseEndsAt: now + 80_000 };
      const received = { messageId, receiptHandle: messageId, body, receives, sentAt };
      const end = await Promise.race([deliverBatch([received], bounds, this.ports), this.died.promise]);
      if (end === 'died') {
        this.crashAt = Number.POSITIVE_INFINITY;
        this.died = Promise.withResolvers();
        this.now = now + 90_000;
        continue;
      }
      const disposition = end[0]?.disposition;
      if (disposition?.kind === 'delete') return;
      this.now = Math.max(now + 1000, disposition?.visibleAt ?? now + 90_000);
    }
  }

  private async step<T>(effect: () => T | Promise<T>): Promise<T> {
    await this.mayDie();
    const result = await effect();
    await this.mayDie();
    return result;
  }

  private async mayDie(): Promise<void> {
    this.steps += 1;
    if (this.steps !== this.crashAt) return;
    this.died.resolve('died');
    await never;
  }

  private send({ envelope }: Transaction): TransactionResult {
    this.sent.push(envelope);
    const answers = envelope.to.map((address) => {
      const nth = this.sent.filter(({ to }) => to.includes(address)).length;
      const taken = { code: 250, text: 'queued' };
      return { address, reply: envelope.from === '' ? taken : this.scenario.answer(address, nth) };
    });
    return {
      accepted: answers.filter(({ reply }) => reply.code < 400),
      failed: answers
        .filter(({ reply }) => reply.code >= 400)
        .map(({ address, reply }) => ({ address, failure: { phase: 'rcpt', reused: false, reply } })),
      timings: {},
    };
  }

  private portsTo(queues: QueueService, queueUrl: string): BatchPorts {
    const maxMessageBytes = 1_000_000;
    const build: BatchPorts['build'] = (mail, { date }) =>
      buildMessage(mail, {
        fetchObject: async () => ({ ok: false, reason: 'unavailable', rule: 'is not there' }),
        date,
        maxMessageBytes,
        allowedFromDomains: [],
      });
    const holding: BatchPorts['holding'] = (_, work) => work();
    const settings = bounceSettings;
    const clock = { now: () => this.now };
    const readHead: PublisherOptions['readHead'] = (mail, { date }) =>
      readMailHead(mail, {
        date,
        fetchStart: async () => ({ ok: false, reason: 'unavailable', rule: 'is not there' }),
      });
    const publisher = createBouncePublisher({ sqs: queues.sqs, queueUrl, settings, clock, readHead });
    return {
      clock,
      random: () => 0.5,
      newId: () => {
        this.ids += 1;
        return `id-${this.ids}`;
      },
      pause: async (ms) => {
        this.now += ms;
      },
      ledger: {
        read: (key) => this.step(() => this.ledger.get(key)),
        write: (next, expected) =>
          this.step(() => {
            const current = this.ledger.get(next.key);
            if (current?.writeId !== expected?.writeId) return { written: false, current };
            this.ledger.set(next.key, next);
            return { written: true };
          }),
      },
      deadLetters: {
        send: (entry) =>
          this.step(() => {
            this.deadLetters.push(entry);
          }),
      },
      bounces: {
        settings,
        publish: (input) =>
          this.step(() => {
            this.published += 1;
            if (this.published <= (this.scenario.refusals ?? 0)) throw new Error('AccessDenied');
            return publisher.publish(input);
          }),
        checkReturnPath: async (domain) => {
          this.checked.push(domain);
          return this.scenario.returnPath ?? { kind: 'valid' };
        },
      },
      relays: {
        candidates: async () => ({ relays: [{ relay: 'primary', maxRecipients: 100 }], eligible: ['primary'] }),
        connection: async (relay) => ({
          ok: true,
          settings: { relay, version: '1', host: 'relay.example', port: 587, tls: 'starttls', maxSessions: 1 },
        }),
        takesMail: async () => true,
        credentialsRefused: async () => false,
        observe() {},
        attemptEnded() {},
      },
      transport: {
        acquire: async ({ relay }) => ({
          ok: true,
          session: {
            relay,
            reused: false,
            release() {},
            send: (transaction) => this.step(() => this.send(transaction)),
          },
        }),
        async close() {},
      },
      build,
      holding,
      report() {},
      maxMessageBytes,
      retry: { baseSeconds: 30, factor: 2, maxSeconds: 3600, jitter: 0, maxAttempts: 200, maxAgeSeconds: 432_000 },
      finalReplyMs: 1000,
      rules: { allowedFromDomains: [], attachmentBuckets: [] },
    };
  }
}
