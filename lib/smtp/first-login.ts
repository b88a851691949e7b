import type { Acquired } from './transport.ts';

interface Login {
  readonly version: string;
  readonly acquired: Acquired;
}

/** Opens a session with `start`, or calls `dropped` instead when the login was refused meanwhile. */
export type OpenInTurn = (start: () => Promise<Acquired>, dropped: () => void) => Promise<Acquired>;

/**
 * When several sessions are wanted at once, one logs in first; the others wait a moment for its verdict, and share it when
 * the login is refused, as do those that still stood in line for a place then. So an environment that does not know yet of a
 * changed password meets one refusal, and not one per mail: relays lock accounts after a few.
 */
export class FirstLogin {
  readonly #patienceMs: number;
  #first: { readonly version: string; readonly acquired: Promise<Acquired> } | undefined;
  #refused: Login | undefined;

  /** @param patienceMs longer than a session takes to open at a relay that is well, and short enough to lose at another */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** @param version of the credentials, which the caller has just learnt */
  ask(version: string): OpenInTurn {
    const known = this.#refused;
    return async (start, dropped) => {
      const first = this.#first?.version === version ? this.#first : undefined;
      if (first !== undefined) await within(this.#patienceMs, first.acquired);
      const refused = this.#refused;
      if (refused !== known && refused?.version === version) {
        dropped();
        return refused.acquired;
      }
      return first === undefined ? this.#goFirst(version, start()) : start();
    };
  }

  async #goFirst(version: string, acquiring: Promise<Acquired>): Promise<Acquired> {
    const mine = { version, acquired: acquiring };
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

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

function isRefusedLogin(acquired: Acquired): boolean {
  if (acquired.ok || !('failure' in acquired)) return false;
  const { phase, reply } = acquired.failure;
  return phase === 'auth' && reply !== undefined && reply.code >= 500;
}
