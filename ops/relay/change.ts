import { type Breaker, freshBreaker, type Override, type RelayHealthItem } from '../../lib/health/item.ts';
import { CommandError } from '../shared/command.ts';
import { isUnreadable, type Session, told } from './session.ts';
import { describeOverride, describeRelay, summaryOf } from './words.ts';

export const drain = (session: Session): Promise<number> => override(session, 'draining');
export const disable = (session: Session): Promise<number> => override(session, 'disabled');
export const enable = (session: Session): Promise<number> => override(session, 'enabled');

/** Closes the breaker. What probes found out stays: the next probe says it anew, and nobody else can. */
export async function reset(session: Session): Promise<number> {
  const { clock, note, options } = session;
  const breaker = { ...freshBreaker, closedAt: clock.now() };
  const before = await readItem(session).catch(unlessUnreadable);
  const item = before === 'unreadable' ? await replace(session, breaker) : await change(session, () => ({ breaker }));
  report(session, item);
  if (!options.json) note(afterReset(before));
  return 0;
}

function afterReset(before: RelayHealthItem | 'unreadable' | undefined): string {
  if (before === 'unreadable') {
    return 'What the health table held could not be understood and is replaced. An override, if there was one, is gone.';
  }
  return before === undefined || before.breaker.state === 'closed'
    ? 'Its breaker was closed already; counted faults are forgotten.'
    : 'Its breaker is closed.';
}

async function replace({ store, clock, newId, options }: Session, breaker: Breaker): Promise<RelayHealthItem> {
  const { relay } = options;
  const item = { relay, revision: newId(), changedAt: clock.now(), breaker };
  await told(relay, store.replace(item));
  return item;
}

/** Of an override that nobody gave an end: one that is forgotten must not keep a relay out for ever. */
const defaultMs = 86_400_000;

async function override(session: Session, mode: Override['mode']): Promise<number> {
  const { options, clock, note } = session;
  const { reason, forMs = defaultMs } = options;
  const setAt = clock.now();
  const set: Override = {
    mode,
    setAt,
    ...(reason === undefined ? {} : { reason }),
    ...(mode === 'enabled' ? {} : { expiresAt: setAt + forMs }),
  };
  const item = await change(session, () => ({ override: set }));
  report(session, item);
  const what = mode === 'enabled' ? 'no override any more' : describeOverride(set, setAt);
  if (options.json) return 0;
  note(`${options.relay}: ${what}. Senders act on it within 15 seconds.`);
  if (mode !== 'enabled' && options.forMs === undefined) note('It ends by itself then. For longer: --for 30d');
  return 0;
}

function report({ options, clock, print }: Session, item: RelayHealthItem): void {
  const now = clock.now();
  print(options.json ? JSON.stringify(summaryOf(options.relay, item, now)) : describeRelay(options.relay, item, now));
}

/** Senders and probes write the same item; losing more often than this in a row is no race any more. */
const mostTries = 20;

/** Puts the change into the item as it stands then: what others wrote in between is kept. */
async function change(
  session: Session,
  apply: () => Partial<Pick<RelayHealthItem, 'breaker' | 'override'>>,
): Promise<RelayHealthItem> {
  const { store, clock, newId, options } = session;
  const { relay } = options;
  let stored = await readItem(session);
  for (let tries = 1; tries <= mostTries; tries += 1) {
    const kept = stored ?? { breaker: freshBreaker };
    const next = { ...kept, ...apply(), relay, revision: newId(), changedAt: clock.now() };
    const result = await told(relay, store.write(next, stored));
    if (result.written) return next;
    stored = result.current;
  }
  throw new CommandError(`The health of ${relay} was changed by others ${mostTries} times meanwhile. Try again.`);
}

function readItem({ store, options }: Session): Promise<RelayHealthItem | undefined> {
  return told(options.relay, store.read(options.relay));
}

function unlessUnreadable(error: unknown): 'unreadable' {
  if (isUnreadable(error)) return 'unreadable';
  throw error;
}
