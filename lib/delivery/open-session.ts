import type { Mail } from '../intake/mail.ts';
import { classify } from '../outcome/classify.ts';
import type { SmtpSession } from '../smtp/transport.ts';
import type { DeliveryEventBody } from './events.ts';
import type { DeliveryPorts, InvocationBounds, ObservationContext, RelayObservation } from './ports.ts';
import type { Progress, Turn } from './progress.ts';

export interface TransactInput {
  readonly mail: Mail;
  readonly progress: Progress;
  readonly bounds: InvocationBounds;
  readonly report: (event: DeliveryEventBody) => void;
}

/** No DATA may begin after this: the final reply must still fit. */
export function lastBegin(bounds: InvocationBounds, ports: DeliveryPorts): number {
  return bounds.sendDeadline - ports.finalReplyMs;
}

/**
 * A session to the relay, or undefined after noting why there is none; `withdrawn` when the relay's health changed while
 * the mail stood in line for a place. A refused login is tried once more when there are other credentials by now: a
 * rotation is no fault of the relay.
 */
export async function openSession(
  turn: Turn,
  { mail, bounds, progress, report }: TransactInput,
  ports: DeliveryPorts,
  fresh = false,
): Promise<OpenSession | 'withdrawn' | undefined> {
  const { relays, candidate } = turn;
  const { relay } = candidate;
  const deadline = lastBegin(bounds, ports);
  const wanted = async (): Promise<boolean> => candidate.trial === true || ports.relays.takesMail(relay);
  const askedAt = ports.clock.now();
  for (let login = 1; ; login += 1) {
    const now = ports.clock.now();
    const connection = await ports.relays.connection(relay, now + Math.max(0, deadline - now) / relays);
    const acquired = connection.ok
      ? await ports.transport.acquire(connection.settings, { deadline, fresh, relays, wanted })
      : connection;
    if (acquired.ok) {
      const version = connection.ok ? connection.settings.version : '';
      return { session: acquired.session, turn, version, askedAt, chooseMs: ports.clock.now() - askedAt };
    }
    if ('withdrawn' in acquired) return 'withdrawn';
    const { failure } = acquired;
    const classification = classify(failure);
    const refusedLogin = connection.ok && classification.trait === 'credentials';
    if (refusedLogin && login === 1 && (await hasOtherCredentials(relay, connection.settings.version, bounds, ports))) {
      continue;
    }
    const about = { mail: mail.key, ...(connection.ok ? { version: connection.settings.version } : {}) };
    progress.faulted.set(relay, failure);
    // Nobody waited for long enough to blame the relay, or the token endpoint that speaks for it.
    if (classification.scope === 'session' || (!connection.ok && ports.clock.now() >= deadline)) return undefined;
    observe(relay, classification, about, report, ports);
    const durationMs = ports.clock.now() - askedAt;
    report({ type: 'relay-fault', relay, durationMs, failure, classification });
    return undefined;
  }
}

/** No answer of a relay waits for Secrets Manager for longer: the ledger must hear of it. */
const verdictMs = 2000;

/** The relay refused the login made with that version. True: there are others to try now. Never rejects. */
export function hasOtherCredentials(
  relay: string,
  version: string,
  bounds: InvocationBounds,
  ports: DeliveryPorts,
): Promise<boolean> {
  const leftMs = Math.max(0, lastBegin(bounds, ports) - ports.clock.now());
  return ports.relays.credentialsRefused(relay, version, Math.min(verdictMs, leftMs)).catch(() => false);
}

/** A session, and the version of the credentials that it was opened with. */
export interface OpenSession {
  readonly session: SmtpSession;
  readonly version: string;
  readonly turn: Turn;
  /** Ms since the epoch. */
  readonly askedAt: number;
  readonly chooseMs: number;
}

/** Never throws: between a relay's answer and the ledger nothing may fail that the mail does not need. */
export function observe(
  relay: string,
  observation: RelayObservation,
  about: ObservationContext,
  report: TransactInput['report'],
  ports: DeliveryPorts,
): void {
  try {
    ports.relays.observe(relay, observation, about);
  } catch (error) {
    report({ type: 'unexpected', error });
  }
}
