import { dueAt } from '../health/breaker.ts';
import { freshBreaker, type RelayHealthItem } from '../health/item.ts';
import { standingOf } from '../health/standing.ts';
import type { IntakePause } from './run-store.ts';

/** Whether the fleet has a use for mail: `unclear` changes nothing. */
export type Demand = 'some-relay' | 'no-relay' | 'unclear';

/** A relay whose item could not be read stands for anything. */
export type Fleet = ReadonlyMap<string, RelayHealthItem | undefined | 'unread'>;

/**
 * @param soonMs a relay that re-opens within this time is worth no pause: switching the mapping takes Lambda as long
 */
export function demandOf(fleet: Fleet, now: number, soonMs: number): Demand {
  const each = [...fleet.values()].map((item) => (item === 'unread' ? 'unclear' : demandFor(item, now, soonMs)));
  if (each.includes('some-relay')) return 'some-relay';
  return each.includes('unclear') ? 'unclear' : 'no-relay';
}

function demandFor(item: RelayHealthItem | undefined, now: number, soonMs: number): Demand {
  if (item === undefined) return 'some-relay';
  const { breaker = freshBreaker, probe } = item;
  const standing = standingOf(item, breaker, now, 0);
  switch (standing.kind) {
    case 'available':
      return 'some-relay';
    case 'due':
      // The one mail that would try goes where the last probe failed.
      return probe?.recent?.at(-1) === 'failed' ? 'no-relay' : 'some-relay';
    case 'out':
      if (standing.why === 'on-trial') return 'unclear';
      if (standing.why !== 'open') return 'no-relay';
      if (hasNewSecret(item)) return 'some-relay';
      return (dueAt(breaker) ?? now) - now < soonMs ? 'unclear' : 'no-relay';
  }
}

/** Mail may try a relay that refused a login as soon as its secret has changed. */
function hasNewSecret({ breaker, probe }: RelayHealthItem): boolean {
  if (breaker.state === 'closed' || breaker.reason !== 'credentials' || probe?.version === undefined) return false;
  return breaker.refusedVersions.length > 0 && !breaker.refusedVersions.includes(probe.version);
}

/** State of an event source mapping, in Lambda's words; others are transitions. */
export type MappingState = 'Enabled' | 'Disabled' | 'Transition' | 'Missing';

/** No request is older than this when it reaches Lambda; the client gives up much earlier. */
const inFlightMs = 30_000;

export type IntakeStep = 'nothing' | 'mark-and-disable' | 'disable' | 'enable' | 'forget';

/**
 * The one step to take now; the next look takes the next one. Marked before it is disabled, and unmarked only once it is
 * enabled: wherever the function dies in between, a mapping that it disabled carries the mark, and is enabled later.
 *
 *   no mark │ disabled                → people have done that: nothing
 *   no mark │ enabled,  no relay      → mark, then disable
 *   mark    │ enabled,  no relay      → disable (died between the two)
 *   mark    │ disabled, some relay    → enable
 *   mark    │ enabled,  some relay    → forget the mark, once no request to disable can be on its way
 *   mark    │ missing                 → forget the mark
 *           │ in transition           → wait: Lambda refuses changes
 *
 * Whoever disables a mapping that carries the mark cannot be told from this function: `LastModified` of a mapping also
 * changes with deployments and with its own transitions, and a pause that is taken for people's by mistake would last for
 * ever. People who want to hold all mail disable the relays; then there is no demand.
 */
export function nextStep(pause: IntakePause | undefined, state: MappingState, demand: Demand, now: number): IntakeStep {
  if (pause === undefined) return state === 'Enabled' && demand === 'no-relay' ? 'mark-and-disable' : 'nothing';
  switch (state) {
    case 'Enabled':
      if (demand === 'no-relay') return 'disable';
      return demand === 'some-relay' && now - pause.askedAt >= inFlightMs ? 'forget' : 'nothing';
    case 'Disabled':
      return demand === 'some-relay' ? 'enable' : 'nothing';
    case 'Transition':
      return 'nothing';
    case 'Missing':
      return 'forget';
  }
}

/** Why the intake is paused: each relay with its reason. */
export function pauseReason(fleet: Fleet, now: number): string {
  const parts = [...fleet].map(([relay, item]) => {
    if (item === undefined || item === 'unread') return relay;
    const standing = standingOf(item, item.breaker, now, 0);
    const why = standing.kind === 'out' ? standing.why : standing.kind;
    return `${relay} is ${why === 'offline' ? (item.probe?.cause ?? why) : why}`;
  });
  return `no relay can take mail: ${parts.join(', ')}`;
}
