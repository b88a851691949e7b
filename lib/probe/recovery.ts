import { type BreakerRules, conclude, dueAt } from '../health/breaker.ts';
import type { Breaker, ClosedBreaker, ProbeReport } from '../health/item.ts';
import type { Measured } from './report.ts';
import { answersAgain } from './status.ts';

export interface ProbeEvidence {
  readonly result: Measured;
  /** The report with this result in it. */
  readonly report: ProbeReport;
  readonly now: number;
  readonly intervalMs: number;
  /** Of the run: the trial's owner in the breaker's eyes. */
  readonly owner: string;
}

/**
 * What a good probe makes of an open or half-open breaker: closed, when it is evidence against what opened it. The same
 * breaker when not.
 *
 * A login that is accepted refutes a refused one. Relay faults are refuted by two good probes in a row, at once when
 * probes had seen the outage too. When they had not (the relay greets nicely and fails at DATA) a mail must try, and its
 * trial goes first; the probe closes the breaker only when nobody took the trial that was due, so when no mail flows. A
 * trial that is under way keeps nobody waiting: whoever holds it may be dead. That a relay refuses one mail's content after
 * another says nothing a probe could find out.
 */
export function closedByProbe(breaker: Breaker, evidence: ProbeEvidence, rules: BreakerRules): Breaker {
  const { result, owner, now } = evidence;
  if (breaker.state === 'closed' || result.error !== undefined || !refutes(breaker, evidence)) return breaker;
  return conclude(breaker, { owner, startedAt: result.at, endedAt: now, result: 'answered', rule: '' }, rules);
}

function refutes(
  breaker: Exclude<Breaker, ClosedBreaker>,
  { result, report, now, intervalMs }: ProbeEvidence,
): boolean {
  switch (breaker.reason) {
    case 'credentials':
      return result.login === 'accepted';
    case 'message-rejections':
      return false;
    case 'relay-faults': {
      if (!answersAgain(report.recent ?? [])) return false;
      // So long after the trial began that both good probes did so after it.
      const sinceTrial = breaker.state === 'open' || result.at >= breaker.trial.startedAt + intervalMs;
      const seenByProbes = (report.failedAt ?? 0) >= breaker.openedAt - intervalMs;
      return (seenByProbes && sinceTrial) || now >= (dueAt(breaker) ?? now) + intervalMs;
    }
  }
}
