import { createHash } from 'node:crypto';
import { type Action, accept, type Behaviour, type Moment, subjectOf } from './behaviour.ts';

/** Shares in [0, 1] of what goes wrong at random. */
export interface FaultProfile {
  /** Of recipients: 451 at RCPT. */
  readonly defer: number;
  /** Of recipients: 550 at RCPT. */
  readonly refuse: number;
  /** Of transactions: connection dropped before the body, so that the mail was surely not taken. */
  readonly dropBefore: number;
  /** Of transactions: connection dropped after the final dot, the mail taken. */
  readonly dropAfterTaken: number;
  /** Of transactions: connection dropped after the final dot, the mail lost. */
  readonly dropAfterLost: number;
}

/**
 * A relay that fails at random, the same way for the same seed: each decision is drawn from the seed, the people it
 * concerns and how often they were seen, so it does not depend on how concurrent sessions interleave.
 */
export function randomFaults(profile: FaultProfile, seed: number): Behaviour {
  const seen = new Map<string, number>();
  return (moment) => {
    const about = `${moment.at} ${subjectOf(moment)}`;
    const turn = (seen.get(about) ?? 0) + 1;
    seen.set(about, turn);
    return faultAt(profile, moment, draw(`${seed} ${about} ${turn}`));
  };
}

/** What happens at this moment when chance says `x`, in [0, 1). */
export function faultAt(profile: FaultProfile, moment: Moment, x: number): Action {
  switch (moment.at) {
    case 'rcpt':
      if (x < profile.defer) return { kind: 'reply', code: 451, text: '4.3.0 Try again later' };
      if (x < profile.defer + profile.refuse) return { kind: 'reply', code: 550, text: '5.1.1 User unknown' };
      return accept;
    case 'data':
      return x < profile.dropBefore ? { kind: 'drop', taken: false } : accept;
    case 'final':
      if (x < profile.dropAfterTaken) return { kind: 'drop', taken: true };
      return x < profile.dropAfterTaken + profile.dropAfterLost ? { kind: 'drop', taken: false } : accept;
    default:
      return accept;
  }
}

function draw(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
