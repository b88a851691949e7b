import type { BounceSettings } from '../../lib/contracts/sender-environment.ts';
import type { Mail } from '../../lib/intake/mail.ts';
import { readIntakeMessage } from '../../lib/intake/read.ts';
import type { MailFacts, RecipientOutcome, WriteContext } from '../../lib/ledger/facts.ts';
import { pendingDeadLetters } from '../../lib/ledger/facts.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import { newItem } from '../../lib/ledger/stamp.ts';
import { claim, settle } from '../../lib/ledger/transitions.ts';
import { buildMessage } from '../../lib/mime/build.ts';
import { parseRawMessage, type RawMessage } from '../../lib/mime/raw-message.ts';
import { parseReply } from '../../lib/outcome/reply.ts';

export const enqueuedAt = Date.parse('2026-11-23T10:00:00Z');
export const failedAt = Date.parse('2026-11-23T10:05:00Z');

export const bounceSettings: BounceSettings = { delayNoticeSeconds: 14_400 };

/** The mail that intake makes of these fields; what is not given is harmless. */
export function aMail(fields: Record<string, unknown> = {}, key = 'order-1234/receipt'): Mail {
  const message =
    'raw' in fields
      ? { idempotencyKey: key, ...fields }
      : {
          idempotencyKey: key,
          from: 'Shop <shop@example.com>',
          to: ['ada@example.org', 'bob@example.net'],
          subject: 'Your receipt',
          text: 'Thanks.',
          ...fields,
        };
  const read = readIntakeMessage(
    { body: JSON.stringify(message), messageId: 'sqs-1', sentTimestamp: enqueuedAt, attributes: {} },
    { allowedFromDomains: [], attachmentBuckets: ['mails'] },
  );
  if (!read.ok) throw new Error(`not readable: ${JSON.stringify(read.errors)}`);
  return read.mail;
}

export function aRawMail(content: string, fields: Record<string, unknown> = {}): Mail {
  return aMail({ raw: { content: Buffer.from(content.replace(/\r?\n/g, '\r\n')).toString('base64') }, ...fields });
}

/** Ids in a row, so that an item is the same in every run. */
export function context(now: number): WriteContext {
  let last = 0;
  return {
    now,
    newId: () => {
      last += 1;
      return `${now.toString(16)}-${last}`;
    },
  };
}

export function factsOf(mail: Mail): MailFacts {
  const { key, payloadHash, onUncertain, envelope } = mail;
  return { key, payloadHash, onUncertain, recipients: envelope.to, enqueuedAt };
}

/** What the ledger holds after one attempt at `primary` with these outcomes; who is not named stays pending. */
export function settled(mail: Mail, outcomes: Record<string, RecipientOutcome>, now = failedAt): LedgerItem {
  const facts = factsOf(mail);
  const write = context(now);
  const lease = { owner: 'owner', endsAt: now + 60_000, relay: 'primary', inFlight: facts.recipients };
  const claimed = claim(newItem(facts, write), lease, write);
  const settlement = {
    outcomes: new Map(Object.entries(outcomes)),
    charged: true,
    nextAttemptAt: now + 30_000,
    stayOnRelay: false,
  };
  return settle(claimed, facts, settlement, write);
}

/** `550 5.1.1 text` as a relay's answer to RCPT. */
export function refused(
  line: string,
  reason: 'rejected' | 'expired' | 'retry-exhausted' = 'rejected',
): RecipientOutcome {
  return { status: 'failed', reason, relay: 'primary', failure: failure(line) };
}

export function deferred(line: string): RecipientOutcome {
  return { status: 'pending', relay: 'primary', failure: failure(line) };
}

function failure(line: string) {
  const reply = parseReply(line);
  if (reply === undefined) throw new Error(`no reply: ${line}`);
  return { phase: 'rcpt', reused: false, reply } as const;
}

/** The bounce's notice about everything that is owed to the dead-letter queue. */
export function failedNotice(item: LedgerItem) {
  return { kind: 'failed', deadLetterIds: pendingDeadLetters(item) } as const;
}

/** The mail as the sender builds it. */
export async function built(mail: Mail): Promise<Buffer> {
  const result = await buildMessage(mail, {
    fetchObject: async () => ({ ok: false, reason: 'unavailable', rule: 'names an object that does not exist' }),
    date: enqueuedAt,
    maxMessageBytes: 26_214_400,
    allowedFromDomains: [],
  });
  if (!result.ok) throw new Error(`not built: ${result.reason}`);
  return result.message;
}

export async function parsed(mail: Mail): Promise<RawMessage> {
  const message = parseRawMessage(await built(mail));
  if (!message.ok) throw new Error(message.rule);
  return message.value;
}
