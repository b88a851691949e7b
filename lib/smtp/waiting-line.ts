import type { Link } from './link.ts';
import type { RelayConnectionSettings } from './transport.ts';

/** What a caller gets when its turn has come: an idle session, the right to open one, or nothing. */
export type Place =
  | { readonly kind: 'idle'; readonly link: Link }
  | { readonly kind: 'open' }
  | { readonly kind: 'none'; readonly why: 'timeout' | 'closed' };

export interface Wish {
  readonly settings: RelayConnectionSettings;
  /** Only the right to open will do. */
  readonly fresh: boolean;
  /** Milliseconds until the caller gives up. */
  readonly patienceMs: number;
}

interface Waiting {
  readonly wish: Wish;
  readonly grant: (place: Place) => void;
}

/**
 * Those who wait for a place at one relay, in order of arrival. Who wants a fresh session goes first: it had a place, and
 * lost it through no fault of its own.
 */
export class WaitingLine {
  #waiting: Waiting[] = [];

  /** The wish whose turn it is. */
  get first(): Wish | undefined {
    return this.#waiting[0]?.wish;
  }

  /** Resolves with the place that {@link serve} grants, or with none once the caller's patience is over. */
  join(wish: Wish): Promise<Place> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
        resolve({ kind: 'none', why: 'timeout' });
      }, wish.patienceMs);
      const waiting: Waiting = {
        wish,
        grant: (place) => {
          clearTimeout(timer);
          resolve(place);
        },
      };
      const behind = wish.fresh ? this.#waiting.findIndex((each) => !each.wish.fresh) : -1;
      this.#waiting.splice(behind === -1 ? this.#waiting.length : behind, 0, waiting);
    });
  }

  /** Grants the place to the first. */
  serve(place: Place): void {
    this.#waiting.shift()?.grant(place);
  }
}
