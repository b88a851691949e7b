import pc from 'picocolors';
import {
  type Breaker,
  freshBreaker,
  type Override,
  type ProbeReport,
  type RelayHealthItem,
} from '../../lib/health/item.ts';
import { type Standing, standingOf } from '../../lib/health/standing.ts';
import { printable } from '../dlq/words.ts';
import { describeDuration } from '../shared/duration.ts';

/** Whether senders give mail to the relay now, as they work it out themselves. */
export function standing(item: RelayHealthItem | undefined, now: number): Standing {
  return standingOf(item ?? {}, item?.breaker ?? freshBreaker, now, 0);
}

/** A relay for scripts: its standing, and the item as it is. */
export function summaryOf(relay: string, item: RelayHealthItem | undefined, now: number): object {
  return { breaker: freshBreaker, ...item, relay, standing: standing(item, now) };
}

/** `primary gets mail`: one sentence. */
export function describeRelay(relay: string, item: RelayHealthItem | undefined, now: number): string {
  return `${pc.bold(relay)}: ${describeStanding(item, now)}`;
}

export function describeStanding(item: RelayHealthItem | undefined, now: number): string {
  const stands = standing(item, now);
  switch (stands.kind) {
    case 'available':
      if (stands.factor < 1) return pc.yellow(`gets mail, its weight × ${stands.factor}`);
      return pc.green('gets mail');
    case 'due':
      return pc.yellow('one mail may try it');
    case 'out':
      return pc.red(`gets no mail: ${outWords(stands.why, item)}`);
  }
}

function outWords(why: Extract<Standing, { kind: 'out' }>['why'], item: RelayHealthItem | undefined): string {
  switch (why) {
    case 'open':
      return 'its breaker is open';
    case 'on-trial':
      return 'one mail tries it right now';
    case 'offline':
      return item?.probe?.cause === 'unconfigured' ? 'its secret cannot be used' : 'probes find it offline';
    default:
      return why;
  }
}

const openReasons: Readonly<Record<Exclude<Breaker, { state: 'closed' }>['reason'], string>> = {
  'relay-faults': 'it failed',
  'message-rejections': 'it refused one mail after another',
  credentials: 'it refused the login',
};

export function describeBreaker(breaker: Breaker, now: number): string {
  if (breaker.state === 'closed') {
    const faults = breaker.faults === 0 ? '' : `, ${breaker.faults} faults in a row`;
    const rejections = breaker.rejections.length === 0 ? '' : `, ${breaker.rejections.length} refused mails in a row`;
    return `closed${faults}${rejections}`;
  }
  const since = `since ${ago(breaker.openedAt, now)}: ${openReasons[breaker.reason]} (${printable(breaker.rule)})`;
  if (breaker.state === 'half-open') return `half-open, ${since}`;
  const left = breaker.reopensAt - now;
  return `open ${since}; next trial ${left > 0 ? `in ${describeDuration(left)}` : 'is due'}`;
}

export function describeProbe(probe: ProbeReport | undefined, now: number): string {
  if (probe === undefined) return 'never probed';
  const { status, cause, latencyMs, at, validUntil, lastError } = probe;
  const latency = latencyMs === undefined ? '' : `, ${Math.round(latencyMs)} ms`;
  // One failed probe does not make a relay offline: its error is not the reason for the status then.
  const before = status === 'offline' ? ': ' : '; last error: ';
  const error = lastError === undefined ? '' : `${before}${printable(lastError)}`;
  const old = now < validUntil ? '' : ', too old to count';
  return `${status}${cause === undefined ? '' : ` (${cause})`}${latency}, ${ago(at, now)}${old}${error}`;
}

/** As it stands: one that has ended says nothing. */
export function describeOverride(override: Override | undefined, now: number): string {
  if (override === undefined || override.mode === 'enabled') return 'none';
  const { mode, reason, expiresAt, setAt } = override;
  if (expiresAt !== undefined && expiresAt <= now) return `none; ${mode} until ${ago(expiresAt, now)}`;
  const until =
    expiresAt === undefined ? 'until somebody enables it' : `for another ${describeDuration(expiresAt - now)}`;
  return `${mode} ${until}${reason === undefined ? '' : `: ${printable(reason)}`} (set ${ago(setAt, now)})`;
}

export function ago(time: number, now: number): string {
  return `${describeDuration(now - time)} ago`;
}
