import type { RelayObservation } from '../delivery/ports.ts';

/**
 * What one environment saw of one relay and has not reported yet, in a form that can be put together: only what the
 * breaker needs, however many mails there were. Times are milliseconds since the epoch; 0 stands for never.
 */
export interface Seen {
  /** Consecutive relay faults since the last well-formed answer about a mail. */
  readonly faults: number;
  readonly faultAt: number;
  readonly faultRule: string;
  /** The last well-formed answer about a mail, whatever it said. */
  readonly aliveAt: number;
  readonly acceptedAt: number;
  /** Different mails (hashed) refused for good for their content since the last acceptance. */
  readonly rejections: readonly string[];
  readonly rejectedAt: number;
  /** The relay refused the login; with which secret versions, as far as known. */
  readonly refusal?: { readonly at: number; readonly rule: string; readonly versions: readonly string[] };
}

export const nothingSeen: Seen = {
  faults: 0,
  faultAt: 0,
  faultRule: '',
  aliveAt: 0,
  acceptedAt: 0,
  rejections: [],
  rejectedAt: 0,
};

/** What an observation was about, as far as it is known. */
export interface SeenContext {
  readonly at: number;
  /** The mail, hashed. Mails without one count as the same. */
  readonly mail?: string;
  readonly versions?: readonly string[];
}

/** No list grows without bound while the store is away. The largest threshold that a stage config may set. */
const mostRejections = 1000;

/**
 * One observation. A throttling reply says that the relay wants less, and a lost session that it was idle too long:
 * neither speaks for or against its health. A refused sender is an answer like any other, so it never opens a breaker.
 */
export function seenOnce(observation: RelayObservation, { at, mail = '', versions = [] }: SeenContext): Seen {
  if (observation === 'accepted') return { ...nothingSeen, aliveAt: at, acceptedAt: at };
  const { scope, permanent, trait, rule } = observation;
  switch (scope) {
    case 'relay':
      if (trait === 'credentials') return { ...nothingSeen, refusal: { at, rule, versions } };
      return { ...nothingSeen, faults: 1, faultAt: at, faultRule: rule };
    case 'uncertain':
      return { ...nothingSeen, faults: 1, faultAt: at, faultRule: rule };
    case 'message':
      if (!permanent) return { ...nothingSeen, aliveAt: at };
      return { ...nothingSeen, aliveAt: at, rejections: [mail], rejectedAt: at };
    case 'recipient':
    case 'sender':
      return { ...nothingSeen, aliveAt: at };
    case 'throttle':
    case 'session':
      return nothingSeen;
  }
}

/** First `earlier`, then `later`. Associative, with {@link nothingSeen} as the neutral element. */
export function followedBy(earlier: Seen, later: Seen): Seen {
  const answered = later.aliveAt > 0;
  const accepted = later.acceptedAt > 0;
  const fault = later.faultAt > 0 ? later : earlier;
  const refusal = later.refusal ?? earlier.refusal;
  const versions = new Set([...(earlier.refusal?.versions ?? []), ...(later.refusal?.versions ?? [])]);
  return {
    faults: answered ? later.faults : earlier.faults + later.faults,
    faultAt: fault.faultAt,
    faultRule: fault.faultRule,
    aliveAt: later.aliveAt || earlier.aliveAt,
    acceptedAt: later.acceptedAt || earlier.acceptedAt,
    rejections: accepted
      ? later.rejections
      : [...new Set([...earlier.rejections, ...later.rejections])].slice(-mostRejections),
    rejectedAt: later.rejectedAt || earlier.rejectedAt,
    ...(refusal === undefined ? {} : { refusal: { ...refusal, versions: [...versions] } }),
  };
}

/** What stays of it once it is reported: when the relay was last well. */
export function reported({ aliveAt, acceptedAt }: Seen): Seen {
  return { ...nothingSeen, aliveAt, acceptedAt };
}
