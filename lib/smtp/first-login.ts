import { within } from '../platform/within.ts';
import type { Acquired } from './transport.ts';

interface Login {
  readonly version: string;
  readonly acquired: Acquired;
}

/** Opens a session. Calls `onLogin` when the relay is asked to let it in. */
type Start = (onLogin: () => void) => Promise<Acquired>;

/** Opens a session with `start`, or calls `dropped` instead when the login was refused meanwhile. */
export type OpenInTurn = (start: Start, dropped: () => void) => Promise<Acquired>;

/** Both in milliseconds, from when a session that is not the first one is wanted. */
export interface FirstLoginPatience {
  /** Longer than a session takes to open at a relay that is well, and short enough to lose at another. */
  readonly openMs: number;
  /** Once the relay was asked to let the first one in: some refuse slowly, to keep guessers away. Not less than `openMs`. */
  readonly verdictMs: number;
}

interface First {
  readonly version: string;
  readonly acquired: Promise<Acquired>;
  readonly isAtLogin: () => boolean;
}

/**
 * When several sessions are wanted at once, one logs in first; the others wait for its verdict, a moment or,
 * while the relay ponders it, somewhat longer, and share it when the login is refused, as do those that still stood in line
 * for a place then. So an environment that does not know yet of a changed password meets one refusal, and not one per mail:
 * relays lock accounts after a few.
 */
export class FirstLogin {
  readonly #patience: FirstLoginPatience;
  #first: First | undefined;
  #refused: Login | undefined;

  constructor(patience: FirstLoginPatience) {
    this.#patience = patience;
  }

  /** @param version of the credentials, which the caller has just learnt */
  ask(version: string): OpenInTurn {
    const known = this.#refused;
    return async (start, dropped) => {
      const first = this.#first?.version === version ? this.#first : undefined;
      if (first !== undefined) await this.#verdictOf(first);
      const refused = this.#refused;
      if (refused !== known && refused?.version === version) {
        dropped();
        return refused.acquired;
      }
      return first === undefined ? this.#goFirst(version, start) : start(() => {});
    };
  }

  async #verdictOf({ acquired, isAtLogin }: First): Promise<void> {
    const { openMs, verdictMs } = this.#patience;
    await within(acquired, openMs);
    if (isAtLogin()) await within(acquired, verdictMs - openMs);
  }

  async #goFirst(version: string, start: Start): Promise<Acquired> {
    let atLogin = false;
    const acquiring = start(() => {
      atLogin = true;
    });
    const mine = { version, acquired: acquiring, isAtLogin: () => atLogin };
    this.#first = mine;
    try {
      const acquired = await acquiring;
      if (isRefusedLogin(acquired)) this.#refused = { version, acquired };
      return acquired;
    } finally {
      if (this.#first === mine) this.#first = undefined;
    }
  }
}

function isRefusedLogin(acquired: Acquired): boolean {
  if (acquired.ok || !('failure' in acquired)) return false;
  const { phase, reply } = acquired.failure;
  return phase === 'auth' && reply !== undefined && reply.code >= 500;
}
