import { type Action, accept, type Behaviour, type Moment, subjectOf } from './behaviour.ts';

/** One scripted misbehaviour, as data. The first rule that matches decides. */
export interface RelayRule {
  readonly at: Moment['at'];
  /** Local part of a recipient; a transaction matches when one of its recipients does. */
  readonly recipient?: string;
  /** A part of the subject; only known at `final`. */
  readonly subject?: string;
  /** How often it acts for the same people, then the relay behaves. Absent: always. */
  readonly times?: number;
  readonly action: Action;
}

/**
 * Decides one moment. `acted` tells how often a rule has acted for the same people so far, under the key that comes back
 * with the action when it acts once more.
 */
export function decide(
  rules: readonly RelayRule[],
  acted: (key: string) => number,
  moment: Moment,
): { readonly action: Action; readonly key?: string } {
  for (const [index, rule] of rules.entries()) {
    if (!matches(rule, moment)) continue;
    if (rule.times === undefined) return { action: rule.action };
    const key = `${index} ${subjectOf(moment)}`;
    if (acted(key) < rule.times) return { action: rule.action, key };
  }
  return { action: accept };
}

/** A relay that follows the rules and remembers how often each has acted. */
export function scripted(rules: readonly RelayRule[]): Behaviour {
  const counts = new Map<string, number>();
  const acted = (key: string) => counts.get(key) ?? 0;
  return (moment) => {
    const { action, key } = decide(rules, acted, moment);
    if (key !== undefined) counts.set(key, acted(key) + 1);
    return action;
  };
}

function matches(rule: RelayRule, moment: Moment): boolean {
  if (rule.at !== moment.at) return false;
  if (rule.recipient !== undefined && !recipientsOf(moment).some((address) => localPart(address) === rule.recipient)) {
    return false;
  }
  if (rule.subject !== undefined) return moment.at === 'final' && moment.subject.includes(rule.subject);
  return true;
}

function recipientsOf(moment: Moment): readonly string[] {
  if (moment.at === 'rcpt') return [moment.recipient];
  return moment.at === 'data' || moment.at === 'final' ? moment.recipients : [];
}

function localPart(address: string): string {
  return address.slice(0, address.lastIndexOf('@'));
}
