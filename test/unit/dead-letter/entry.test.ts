import { describe, expect, it } from 'vitest';
import { directEntry, ledgerEntry } from '../../../lib/dead-letter/entry.ts';
import { settle } from '../../../lib/ledger/transitions.ts';
import { mailboxBusy, refusedConnection, unknownUser } from '../../support/delivery/answers.ts';
import { acceptedBy, ada, bob, claimed, context, eve, facts, noon, rejectedBy } from '../../support/ledger/items.ts';

const received = {
  messageId: 'message-1',
  receiptHandle: 'handle-1',
  body: '{"untouched": true }',
  receives: 3,
  sentAt: noon - 60_000,
};

describe('the entry that the ledger owes', () => {
  const outcomes = new Map([
    [ada, acceptedBy('primary')],
    [bob, rejectedBy('primary', unknownUser)],
    [eve, { status: 'pending', relay: 'primary', failure: mailboxBusy } as const],
  ]);
  const item = settle(claimed(), facts(), { outcomes, charged: true, nextAttemptAt: noon }, context());
  const [id = '', record = { reason: 'rejected', pending: true, failedAt: 0 } as const] =
    Object.entries(item.deadLetters)[0] ?? [];

  it('carries the original body and every attribute of the contract', () => {
    const { body, attributes } = ledgerEntry(item, id, record, received);

    expect(body).toBe(received.body);
    expect(attributes).toEqual({
      reason: 'rejected',
      detail: expect.any(String),
      idempotencyKey: 'order-1',
      deadLetterId: id,
      attempts: '1',
      firstSeenAt: '2026-01-01T11:59:00.000Z',
      failedAt: '2026-01-01T12:00:00.000Z',
      sourceMessageId: 'message-1',
    });
  });

  it('names its own recipients only, each with its evidence', () => {
    const { attributes } = ledgerEntry(item, id, record, received);

    expect(JSON.parse(attributes.detail ?? '')).toEqual({
      recipients: [
        {
          address: bob,
          relay: 'primary',
          code: 550,
          enhancedCode: '5.1.1',
          reply: 'no such user',
          phase: 'rcpt',
        },
      ],
    });
  });

  it('is the same each time it is made', () => {
    expect(ledgerEntry(item, id, record, received)).toEqual(ledgerEntry(item, id, record, received));
  });

  it('tells in a sentence what no reply explains, and an error where there was no reply', () => {
    const withError = {
      ...item,
      recipients: {
        [bob]: {
          status: 'failed',
          at: 1,
          deadLetterId: id,
          phase: 'connect',
          text: refusedConnection.error?.message ?? '',
        } as const,
      },
    };
    const { attributes } = ledgerEntry(withError, id, { ...record, message: 'too late' }, received);

    expect(JSON.parse(attributes.detail ?? '')).toEqual({
      recipients: [{ address: bob, reply: 'connection refused', phase: 'connect' }],
      message: 'too late',
    });
  });
});

describe('the entry of a message that the ledger never saw', () => {
  const errors = [{ field: 'to', rule: 'must be given' }];

  it('carries the original body, the field errors and the key as far as it is known', () => {
    expect(directEntry(received, { reason: 'malformed', errors, key: 'order-1' }, noon)).toEqual({
      body: received.body,
      attributes: {
        reason: 'malformed',
        detail: JSON.stringify({ errors }),
        idempotencyKey: 'order-1',
        deadLetterId: expect.stringMatching(/^[0-9a-f]{32}$/),
        attempts: '0',
        firstSeenAt: '2026-01-01T11:59:00.000Z',
        failedAt: '2026-01-01T12:00:00.000Z',
        sourceMessageId: 'message-1',
      },
    });
  });

  it('has no key where none is known', () => {
    expect(directEntry(received, { reason: 'malformed', key: '' }, noon).attributes).not.toHaveProperty(
      'idempotencyKey',
    );
  });

  it('has an id that comes from message and reason, so that a repeat carries the same', () => {
    const idOf = (messageId: string, reason: 'malformed' | 'key-conflict') =>
      directEntry({ ...received, messageId }, { reason }, Math.random()).attributes.deadLetterId;

    expect(idOf('a', 'malformed')).toBe(idOf('a', 'malformed'));
    expect(new Set([idOf('a', 'malformed'), idOf('b', 'malformed'), idOf('a', 'key-conflict')]).size).toBe(3);
  });

  it('has the id of the entry that was redriven, under which the ledger may still hold its recipients', () => {
    const redriven = { ...received, deadLetterId: 'an-earlier-entry' };

    expect(directEntry(redriven, { reason: 'poison' }, noon).attributes.deadLetterId).toBe('an-earlier-entry');
  });
});
