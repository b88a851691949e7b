import type { RelayObservation } from '../delivery/ports.ts';
import type { EndedTrial } from './breaker.ts';

/** The trial of one relay that this environment holds: one mail that may go there. */
export interface Trial {
  readonly owner: string;
  /** The mail, hashed. */
  readonly mail: string;
  readonly startedAt: number;
  /** False: the store was away, so that nobody could be asked. */
  readonly leased: boolean;
  /** Absent while the mail is on its way. */
  readonly end?: Pick<EndedTrial, 'endedAt' | 'result' | 'rule'>;
}

export function endedTrial(trial: Trial | undefined): EndedTrial | undefined {
  if (trial?.end === undefined) return undefined;
  const { owner, startedAt, end } = trial;
  return { owner, startedAt, ...end };
}

/**
 * What the observation says about the trial's relay: any well-formed answer about the mail shows that it lives. Undefined
 * when it decides nothing: a throttling reply, a lost session, or another mail that was on its way before.
 */
export function trialResult(
  { mail: carrier }: Trial,
  observation: RelayObservation,
  mail: string | undefined,
): 'answered' | 'rejected' | 'failed' | undefined {
  if (mail !== undefined && mail !== carrier) return undefined;
  if (observation === 'accepted') return 'answered';
  switch (observation.scope) {
    case 'recipient':
    case 'sender':
      return 'answered';
    case 'message':
      return observation.permanent ? 'rejected' : 'answered';
    case 'relay':
    case 'uncertain':
      return 'failed';
    case 'throttle':
    case 'session':
      return undefined;
  }
}
