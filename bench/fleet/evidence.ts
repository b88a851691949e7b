import type { RelayHealthItem } from '../../lib/health/item.ts';

/** What an execution environment tells. Times everywhere are milliseconds since the epoch, true time. */
export type News =
  /** A socket was opened towards the relay; seen in Node's network layer, whatever came of it. */
  | { readonly type: 'attempt'; readonly at: number }
  /** The handler is done with a mail: the relay took it, or it goes back to the queue. */
  | { readonly type: 'mail'; readonly at: number; readonly accepted: boolean }
  /** The health table did not answer in time. */
  | { readonly type: 'table-away'; readonly at: number };

export type Sighting = News & { readonly environment: number };

/** A request to the health table, seen at the emulator when it was answered. */
export interface TableRequest {
  readonly at: number;
  readonly action: string;
  /** False: refused, such as a write whose condition failed. */
  readonly ok: boolean;
  /** What a PutItem wanted to write. */
  readonly item?: RelayHealthItem;
}

/** Everything that was seen from outside of the code under test. */
export interface Evidence {
  readonly environments: number;
  /** Clocks are wrong by so much at most, either way. */
  readonly skewMs: number;
  readonly sightings: readonly Sighting[];
  readonly requests: readonly TableRequest[];
  /** When the relay died; when it was brought back. */
  readonly downAt: number;
  readonly backAt: number;
}

/** DynamoDB charges for these, also when it refuses them. */
export function writes(requests: readonly TableRequest[]): readonly TableRequest[] {
  return requests.filter(({ action }) => action !== 'GetItem' && action !== 'BatchGetItem');
}

export type Stored = Pick<RelayHealthItem, 'breaker'> & { readonly at: number };

/** What stood in the table, one after the other. */
export function stored(requests: readonly TableRequest[]): readonly Stored[] {
  return requests.flatMap(({ at, ok, item }) => (ok && item !== undefined ? [{ at, breaker: item.breaker }] : []));
}

export type Opening = Stored & { readonly breaker: { readonly state: 'open' } };

/** Writes that opened the breaker, each the begin of a cool-down. A trial that is given back begins none. */
export function openings(requests: readonly TableRequest[]): readonly Opening[] {
  return stored(requests)
    .filter((one) => isOpening(one))
    .filter((one, index, all) => all.findIndex(({ breaker }) => breaker.openedAt === one.breaker.openedAt) === index);
}

function isOpening(one: Stored): one is Opening {
  return one.breaker.state === 'open';
}

/** Writes that closed it. */
export function closings(requests: readonly TableRequest[]): readonly Stored[] {
  return stored(requests).filter(
    ({ breaker }, index, all) => breaker.state === 'closed' && (all[index - 1]?.breaker.state ?? 'closed') !== 'closed',
  );
}
