import * as v from 'valibot';
import type { AuditSettings } from '../contracts/audit-environment.ts';
import type { LedgerItem, LedgerStore } from '../ledger/item.ts';
import type { Clock } from '../platform/clock.ts';
import { gather } from './gather.ts';
import { type Finding, judge } from './judge.ts';

/** The ledger's index of mail that somebody must come back to. */
export interface UnfinishedMail {
  count(): Promise<number>;
  /**
   * Keys of what should have moved before that time (ms since the epoch): first what is owed to the dead-letter queue, and
   * the longest overdue of each shard first.
   */
  dueBefore(time: number): AsyncIterable<string>;
}

/** When the intake was paused, ms since the epoch. */
export interface Pause {
  readonly since: number;
  /** Absent while it lasts. */
  readonly resumedAt?: number;
}

export interface AuditPorts {
  readonly unfinished: UnfinishedMail;
  /** Keys of first sends at `now`, which the index does not hold, or of a part of them. */
  readonly firstSends: (now: number) => AsyncIterable<string>;
  readonly ledger: Pick<LedgerStore, 'read'>;
  /** Messages in the intake queue: visible, in flight and delayed. Approximate. */
  readonly intakeMessages: () => Promise<number>;
  /** The newest pause that the probe function made. */
  readonly pause: () => Promise<Pause | undefined>;
  readonly clock: Clock;
  readonly settings: AuditSettings;
}

export interface AuditReport {
  readonly findings: readonly Finding[];
  /** True when there is more than the audit looks at in one run. */
  readonly truncated: boolean;
  /** Mails that somebody must come back to: those of the index, and first sends that were found cut short. */
  readonly unfinished: number;
  /** The most messages that the intake queue held during the audit. */
  readonly intakeMessages: number;
  /** Unfinished mails beyond the messages in the queue: each needs one that carries it on. 0 within what is approximate. */
  readonly missingFromQueue: number;
  /** When the oldest mail that is overdue came in, forgotten or not, ms since the epoch: in a pause of the intake all are. */
  readonly oldestSince?: number;
  /** Present in a pause of the intake and for a margin after it: mail that only waits is not among the findings then. */
  readonly pause?: Pause;
}

/**
 * Reconciles the ledger with the intake queue, and changes nothing. Errors of the services are thrown: half an audit would
 * say that all is well. An item that cannot be read is a finding, and no reason to miss the others.
 */
export async function audit(ports: AuditPorts): Promise<AuditReport> {
  const { unfinished, clock, settings } = ports;
  const now = clock.now();
  const newest = await ports.pause();
  const pause = isFelt(newest, now, settings) ? newest : undefined;
  const before = await ports.intakeMessages();
  const indexed = await unfinished.count();
  // Counted again, because a mail may have come in while the index was read.
  const intakeMessages = Math.max(before, await ports.intakeMessages());
  const ages = seeingOldest(ports.ledger);
  const look = (key: string) => lookAt(key, now, pause, { ...ports, ledger: ages.ledger });
  const overdue = await gather(unfinished.dueBefore(now - settings.marginSeconds * 1000), look);
  const cutShort = await gather(ports.firstSends(now), look);
  const count = indexed + cutShort.found.length;
  return {
    findings: [...overdue.found, ...cutShort.found].toSorted((one, other) => one.since - other.since),
    truncated: overdue.truncated || cutShort.truncated,
    unfinished: count,
    intakeMessages,
    missingFromQueue: beyondDoubt(count - intakeMessages, count),
    ...ages.oldest(),
    ...(pause === undefined ? {} : { pause }),
  };
}

/** Reads the same items, and remembers when the oldest that is not settled came in. */
function seeingOldest(ledger: AuditPorts['ledger']) {
  let oldestSince = Number.POSITIVE_INFINITY;
  return {
    ledger: {
      read: async (key: string) => {
        const item = await ledger.read(key);
        if (item !== undefined && item.state !== 'settled') oldestSince = Math.min(oldestSince, item.firstSeenAt);
        return item;
      },
    },
    oldest: () => (Number.isFinite(oldestSince) ? { oldestSince } : {}),
  };
}

/** What came due in a pause stands in line when it ends, and has a margin from then on. */
function isFelt(pause: Pause | undefined, now: number, { marginSeconds }: AuditSettings): boolean {
  return pause !== undefined && (pause.resumedAt ?? now) > now - marginSeconds * 1000;
}

async function lookAt(
  key: string,
  now: number,
  pause: Pause | undefined,
  { ledger, settings }: AuditPorts,
): Promise<Finding | undefined> {
  const marginMs = settings.marginSeconds * 1000;
  try {
    const item = await ledger.read(key);
    const finding = item === undefined ? undefined : judge(item, now, settings);
    if (item === undefined || finding === undefined || pause === undefined) return finding;
    const hadItsTime = finding.since <= pause.since - marginMs;
    return hadItsTime && !onlyWaits(item, finding) ? finding : undefined;
  } catch (error) {
    if (!v.isValiError(error)) throw error;
    return { kind: 'unreadable', key, since: now - marginMs, mayHaveIt: true };
  }
}

/** A pause may follow another one closely: such mail had no time between the two. */
function onlyWaits({ state }: LedgerItem, { kind }: Finding): boolean {
  return state === 'waiting' && (kind === 'attempt-overdue' || kind === 'uncertain-unresolved');
}

/** SQS counts its messages approximately, and the index is seconds behind. */
function beyondDoubt(missing: number, of: number): number {
  return missing > Math.max(5, of / 20) ? missing : 0;
}
