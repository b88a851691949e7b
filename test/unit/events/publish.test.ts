import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import type { OutcomeEvent } from '../../../lib/contracts/outcome-events.ts';
import type { ChangeRecord } from '../../../lib/events/change.ts';
import { type EventEntry, entryOf, inCalls, largestCallBytes } from '../../../lib/events/entry.ts';
import { type PublishReport, publishChanges, type UnreadableChange } from '../../../lib/events/publish.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { newItem } from '../../../lib/ledger/stamp.ts';
import { claim, settle } from '../../../lib/ledger/transitions.ts';
import { acceptedBy, ada, context, facts, noon } from '../../support/ledger/items.ts';
import { everyKind } from '../../support/outcome-events.ts';

/** The image of an item as Lambda hands it over. */
const image = (item: LedgerItem): NonNullable<ChangeRecord['new']> => JSON.parse(JSON.stringify(marshall(item)));

function delivered(index: number): ChangeRecord {
  const mail = facts({ key: `order-${index}`, recipients: [ada] });
  const old = claim(
    newItem(mail, context()),
    { owner: 'o', endsAt: noon, relay: 'primary', inFlight: [ada] },
    context(),
  );
  const outcomes = new Map([[ada, acceptedBy('primary')]]);
  const next = settle(old, mail, { outcomes, charged: true, nextAttemptAt: noon }, context());
  return { sequenceNumber: String(index), old: image(old), new: image(next) };
}

/** As a newer version might have written it. */
const broken = (index: number): ChangeRecord => ({
  sequenceNumber: String(index),
  new: { key: { S: `order-${index}` }, state: { S: 'a new word' } },
});

const many = (count: number) => Array.from({ length: count }, (_, index) => delivered(index));
const keyOf = ({ detail }: EventEntry): string => JSON.parse(detail).idempotencyKey;

function bus(refuses: (key: string, call: number) => boolean = () => false) {
  const calls: string[][] = [];
  const reports: PublishReport[] = [];
  const aside: UnreadableChange[] = [];
  return {
    calls,
    reports,
    aside,
    ports: {
      setAside: async (change: UnreadableChange) => void aside.push(change),
      stage: 'test',
      report: (report: PublishReport) => void reports.push(report),
      put: async (entries: readonly EventEntry[]) => {
        calls.push(entries.map(keyOf));
        const refused = [...entries.entries()].filter(([, entry]) => refuses(keyOf(entry), calls.length));
        return new Map(refused.map(([index]) => [index, 'ThrottlingException: slow down'] as const));
      },
    },
  };
}

describe('publishing a batch of changes', () => {
  it('puts ten events into a call, in order, and is done', async () => {
    const { ports, calls, reports } = bus();

    expect(await publishChanges(many(23), ports)).toBeUndefined();
    expect(calls.map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(calls.flat()).toEqual(many(23).map((_, index) => `order-${index}`));
    expect(reports.filter(({ type }) => type === 'failed')).toEqual([]);
  });

  it('makes no call for changes that tell nothing', async () => {
    const { ports, calls } = bus();
    const { old } = delivered(1);

    expect(await publishChanges([{ sequenceNumber: '1', ...(old && { new: old }) }], ports)).toBeUndefined();
    expect(calls).toEqual([]);
  });

  it('goes back to the first record that the bus refused, and begins nothing after it', async () => {
    const { ports, calls, reports } = bus((key) => key === 'order-13' || key === 'order-15');

    expect(await publishChanges(many(25), ports)).toBe('13');
    expect(calls).toHaveLength(2);
    expect(reports).toContainEqual(
      expect.objectContaining({ type: 'failed', keys: ['order-13', 'order-15'], error: expect.any(Error) }),
    );
  });

  it('goes back to the first record of a call that failed as a whole', async () => {
    const { ports, reports } = bus();
    const put = async () => Promise.reject(new Error('bus away'));

    expect(await publishChanges(many(3), { ...ports, put })).toBe('0');
    expect(reports).toMatchObject([{ type: 'failed', keys: ['order-0', 'order-1', 'order-2'] }]);
  });

  it('sets a record aside that cannot be read, with its key, and goes on with the others', async () => {
    const { ports, calls, aside, reports } = bus();

    expect(await publishChanges([delivered(0), broken(1), delivered(2), broken(3)], ports)).toBeUndefined();
    expect(calls.flat()).toEqual(['order-0', 'order-2']);
    expect(aside).toMatchObject([
      { sequenceNumber: '1', key: 'order-1', error: expect.any(Error) },
      { sequenceNumber: '3', key: 'order-3' },
    ]);
    expect(reports.filter(({ type }) => type === 'set-aside')).toHaveLength(2);
  });

  it('leaves aside what comes again anyway, because the bus refused something before it', async () => {
    const { ports, aside } = bus((key) => key === 'order-2');

    expect(await publishChanges([broken(0), delivered(1), delivered(2), broken(3)], ports)).toBe('2');
    expect(aside.map(({ sequenceNumber }) => sequenceNumber)).toEqual(['0']);
  });

  it('goes back to a record that cannot be read when there is no place for it either', async () => {
    const { ports, reports } = bus();
    const setAside = () => Promise.reject(new Error('queue away'));

    expect(await publishChanges([delivered(0), broken(1), delivered(2)], { ...ports, setAside })).toBe('1');
    expect(reports).toContainEqual(expect.objectContaining({ type: 'failed', keys: ['order-1'] }));
  });

  it('gives every repeat of a record the same event', async () => {
    const once: string[] = [];
    const record = delivered(1);
    const put = async (entries: readonly EventEntry[]) => {
      once.push(...entries.map(({ detail }) => detail));
      return new Map<number, string>();
    };
    await publishChanges([record], { ...bus().ports, put });
    await publishChanges([record], { ...bus().ports, put });

    expect(once).toHaveLength(2);
    expect(once[0]).toBe(once[1]);
  });
});

describe('the size of events', () => {
  const known = (everyKind[0] ?? expect.fail('no event')).detail;
  const withReplies = (count: number, reply: string): OutcomeEvent => {
    const recipients = Array.from({ length: count }, (_, index) => ({
      address: `${'x'.repeat(60)}${index}@${'y'.repeat(180)}.example`,
      at: known.at,
      reply,
    }));
    return { type: 'Email Delivered', detail: { ...known, recipients } };
  };
  const repliesOf = ({ detail }: EventEntry): (string | undefined)[] =>
    JSON.parse(detail).recipients.map(({ reply }: { reply?: string }) => reply);

  it('keeps replies up to 512 characters', () => {
    expect(repliesOf(entryOf(withReplies(1, 'z'.repeat(512))))).toEqual(['z'.repeat(512)]);
    expect(repliesOf(entryOf(withReplies(1, 'z'.repeat(513))))).toEqual([`${'z'.repeat(511)}…`]);
  });

  it('stays within one call for a hundred recipients with the longest addresses and replies', () => {
    const entry = entryOf(withReplies(100, '\u{10ffff}'.repeat(1000)));

    expect(entry.bytes).toBeLessThanOrEqual(largestCallBytes);
    expect(repliesOf(entry)).toHaveLength(100);
  });

  it('leaves replies out when nothing else helps', () => {
    const entry = entryOf(withReplies(600, 'z'.repeat(600)));

    expect(entry.bytes).toBeLessThanOrEqual(largestCallBytes);
    expect(new Set(repliesOf(entry))).toEqual(new Set([undefined]));
  });

  it('begins another call before 256 KB are full', () => {
    const entry = entryOf(withReplies(100, 'z'.repeat(500)));
    const calls = inCalls(Array.from({ length: 8 }, () => ({ entry })));

    expect(calls.length).toBeGreaterThan(1);
    for (const call of calls) {
      expect(call.reduce((sum, one) => sum + one.entry.bytes, 0)).toBeLessThanOrEqual(largestCallBytes);
    }
  });
});
