import { describe, expect, it } from 'vitest';
import type { DeadLetter, Evidence } from '../../../bench/chaos/evidence.ts';
import { judge } from '../../../bench/chaos/judge.ts';
import type { ChaosMail } from '../../../bench/chaos/workload.ts';
import type { DeadLetterReason } from '../../../lib/contracts/dead-letter.ts';
import type { LedgerItem, RecipientRecord } from '../../../lib/ledger/item.ts';

const ada = 'ada@chaos.example';
const mail: ChaosMail = {
  kind: 'sound',
  key: 'k',
  subject: 'mail 1',
  recipients: [ada],
  body: '{}',
  onUncertain: 'resend',
  copies: 1,
};
const accepted: RecipientRecord = { status: 'accepted', at: 0 };
const failed: RecipientRecord = { status: 'failed', at: 0, deadLetterId: 'd' };

function item(record: RecipientRecord | undefined, changes: Partial<LedgerItem> = {}): LedgerItem {
  return {
    key: 'k',
    writeId: 'w',
    payloadHash: 'h',
    state: 'settled',
    recipients: record === undefined ? {} : { [ada]: record },
    attempts: 1,
    crashes: 0,
    firstSeenAt: 0,
    deadLetters: {},
    changedAt: 0,
    ttl: 0,
    ...changes,
  };
}

const owed = (reason: DeadLetterReason, pending = false) => ({ deadLetters: { d: { reason, pending, failedAt: 0 } } });
const entry = (reason: string, changes: Partial<DeadLetter> = {}): DeadLetter => {
  return { reason, deadLetterId: 'd', recipients: [ada], body: '{}', ...changes };
};

function evidence(
  stored: LedgerItem | undefined,
  copies: number,
  deadLetters: readonly DeadLetter[] = [],
  changes: Partial<Evidence> = {},
): Evidence {
  const ledger = new Map(stored === undefined ? [] : [['k', stored]]);
  const arrivals = new Map(copies === 0 ? [] : [[ada, Array.from({ length: copies }, () => mail.subject)]]);
  return { ledger, arrivals, deadLetters, queued: 0, ...changes };
}

const right: readonly (readonly [string, Evidence])[] = [
  ['delivered', evidence(item(accepted), 1)],
  ['repeated after a counted doubt', evidence(item({ ...accepted, doubts: 1 }), 2)],
  ['repeated after a counted crash', evidence(item(accepted, { crashes: 1 }), 2)],
  ['rejected', evidence(item(failed, owed('rejected')), 0, [entry('rejected')])],
  [
    'rejected, the entry written twice',
    evidence(item(failed, owed('rejected')), 0, [entry('rejected'), entry('rejected')]),
  ],
  ['uncertain and there', evidence(item({ ...failed, doubts: 1 }, owed('uncertain')), 1, [entry('uncertain')])],
];

const wrong: readonly (readonly [string, Evidence, RegExp])[] = [
  ['not in the ledger', evidence(undefined, 1), /lost/],
  ['a recipient that nobody knows', evidence(item(undefined), 0), /neither accepted nor dead-lettered/],
  ['not settled', evidence(item(accepted, { state: 'waiting' }), 1), /not settled/],
  ['accepted, nothing arrived', evidence(item(accepted), 0), /accepted but has nothing/],
  ['repeated without a count', evidence(item(accepted), 2), /has 2 copies, with 0 doubts and 0 crashes/],
  ['repeated once more than counted', evidence(item(accepted, { crashes: 1 }), 3), /has 3 copies/],
  ['no entry', evidence(item(failed, owed('rejected')), 0), /no entry in the dead-letter queue/],
  ['an entry that is still owed', evidence(item(failed, owed('rejected', true)), 0, [entry('rejected')]), /still owes/],
  [
    'an entry for another reason',
    evidence(item(failed, owed('rejected')), 0, [entry('expired')]),
    /dead-lettered as expired/,
  ],
  [
    'an entry that does not name the recipient',
    evidence(item(failed, owed('rejected')), 0, [entry('rejected', { recipients: [] })]),
    /does not name/,
  ],
  [
    'both there and rejected',
    evidence(item({ ...failed, doubts: 1 }, owed('rejected')), 1, [entry('rejected')]),
    /has the mail and is dead-lettered as rejected/,
  ],
  [
    'both accepted and dead-lettered',
    evidence(item(accepted, owed('rejected')), 1, [entry('rejected')]),
    /both accepted and dead-lettered/,
  ],
  ['moved by SQS', evidence(item(accepted), 1, [entry('', { deadLetterId: '', recipients: [] })]), /moved by SQS/],
  ['left in the queue', evidence(item(accepted), 1, [], { queued: 1 }), /still in the intake queue/],
  [
    'the mail of somebody else',
    evidence(item(accepted), 1, [], { arrivals: new Map([[ada, ['mail 2']]]) }),
    /somebody else's mail/,
  ],
];

describe('the judgement of a chaos run', () => {
  it.each(right)('finds nothing wrong: %s', (_name, seen) => {
    expect(judge([mail], seen).violations).toEqual([]);
  });

  it.each(wrong)('sees what is wrong: %s', (_name, seen, violation) => {
    expect(judge([mail], seen).violations.join('\n')).toMatch(violation);
  });

  it('wants a mail resent once at most, and one that is held not at all', () => {
    const held: ChaosMail = { ...mail, onUncertain: 'hold' };
    const twice = evidence(item({ ...accepted, doubts: 2 }), 2);

    expect(judge([mail], twice).violations).toEqual([]);
    expect(judge([held], twice).violations).toEqual([
      expect.stringContaining('2 doubts: resent too often'),
      expect.stringContaining('2 copies of a held mail'),
    ]);
    expect(judge([held], evidence(item(accepted, { crashes: 1 }), 2)).violations).toHaveLength(1);
    expect(judge([mail], evidence(item({ ...accepted, doubts: 3 }), 1)).violations).toHaveLength(1);
  });

  it('wants an expired mail dead-lettered as such', () => {
    const seen = evidence(item(failed, owed('rejected')), 0, [entry('rejected')]);
    expect(judge([{ ...mail, kind: 'expired' }], seen).violations).toHaveLength(1);
  });

  it('wants exactly one entry for a malformed mail, and none of it sent', () => {
    const malformed: ChaosMail = { ...mail, kind: 'malformed', key: '' };
    const direct = entry('malformed', { recipients: [] });

    expect(judge([malformed], evidence(undefined, 0, [direct, direct])).violations).toEqual([]);
    expect(judge([malformed], evidence(undefined, 0)).violations).toHaveLength(1);
    expect(judge([malformed], evidence(undefined, 1, [direct])).violations).toHaveLength(1);
  });

  it('wants the loser of two rivals refused, and not sent', () => {
    const rivals: readonly ChaosMail[] = [
      { ...mail, kind: 'rival' },
      { ...mail, kind: 'rival', subject: 'mail 2', recipients: ['bob@chaos.example'], body: '[]' },
    ];
    const refused = entry('key-conflict', { deadLetterId: 'c', recipients: [], body: '[]' });

    expect(judge(rivals, evidence(item(accepted), 1, [refused])).violations).toEqual([]);
    expect(judge(rivals, evidence(item(accepted), 1)).violations).toHaveLength(1);
  });
});
