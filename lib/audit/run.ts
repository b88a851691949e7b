import type { AuditSettings } from '../contracts/audit-environment.ts';
import type { LedgerItem, LedgerStore } from '../ledger/item.ts';
import type { Clock } from '../platform/clock.ts';
import { type Finding, judge } from './judge.ts';

/** The ledger's index of mail that somebody must come back to. */
export interface UnfinishedMail {
  count(): Promise<number>;
  /** Keys of what should have moved before that time (ms since the epoch), the longest overdue of each shard first. */
  dueBefore(time: number): AsyncIterable<string>;
}

export interface AuditPorts {
  readonly unfinished: UnfinishedMail;
  readonly ledger: Pick<LedgerStore, 'read'>;
  /** Messages in the intake queue: visible, in flight and delayed. Approximate. */
  readonly intakeMessages: () => Promise<number>;
  /** Since when the probe function has paused the intake, ms since the epoch; undefined: it runs. */
  readonly pausedSince: () => Promise<number | undefined>;
  readonly clock: Clock;
  readonly settings: AuditSettings;
}

export interface AuditReport {
  readonly findings: readonly Finding[];
  /** True when there are more findings than the audit reads at one time. */
  readonly truncated: boolean;
  /** Mails that somebody must come back to. */
  readonly unfinished: number;
  /** The most messages that the intake queue held during the audit. */
  readonly intakeMessages: number;
  /** Unfinished mails beyond the messages in the queue: each needs one that carries it on. 0 within what is approximate. */
  readonly missingFromQueue: number;
  /** While the intake is paused, mail that only waits is not forgotten, and not among the findings. */
  readonly pausedSince?: number;
}

/** What a person can look through, and what an invocation reads in its time. */
const mostFindings = 1000;

/**
 * Reconciles the ledger with the intake queue. Reads only what the index names, and changes nothing. Errors of the
 * services are thrown: half an audit would say that all is well.
 */
export async function audit(ports: AuditPorts): Promise<AuditReport> {
  const { unfinished, clock, settings } = ports;
  const now = clock.now();
  const pausedSince = await ports.pausedSince();
  const before = await ports.intakeMessages();
  const count = await unfinished.count();
  // Counted again, because a mail may have come in while the index was read.
  const intakeMessages = Math.max(before, await ports.intakeMessages());
  const findings: Finding[] = [];
  let truncated = false;
  for await (const key of unfinished.dueBefore(now - settings.marginSeconds * 1000)) {
    if (findings.length === mostFindings) {
      truncated = true;
      break;
    }
    const item = await ports.ledger.read(key);
    const finding = item === undefined ? undefined : judge(item, now, settings);
    if (item === undefined || finding === undefined) continue;
    if (pausedSince === undefined || !onlyWaits(item, finding)) findings.push(finding);
  }
  return {
    findings: findings.toSorted((one, other) => one.since - other.since),
    truncated,
    unfinished: count,
    intakeMessages,
    missingFromQueue: beyondDoubt(count - intakeMessages, count),
    ...(pausedSince === undefined ? {} : { pausedSince }),
  };
}

function onlyWaits({ state }: LedgerItem, { kind }: Finding): boolean {
  return state === 'waiting' && (kind === 'attempt-overdue' || kind === 'uncertain-unresolved');
}

/** SQS counts its messages approximately, and the index is seconds behind. */
function beyondDoubt(missing: number, of: number): number {
  return missing > Math.max(5, of / 20) ? missing : 0;
}
