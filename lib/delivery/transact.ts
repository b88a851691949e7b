import type { Mail } from '../intake/mail.ts';
import { classify } from '../outcome/classify.ts';
import type { Classification } from '../outcome/outcome.ts';
import type { SmtpSession, TransactionResult } from '../smtp/transport.ts';
import type { DeliveryEventBody, FailedAttempt } from './events.ts';
import type { DeliveryPorts, InvocationBounds, ObservationContext, RelayObservation } from './ports.ts';
import type { Progress, Turn } from './progress.ts';
import { tellingOfRelay } from './telling.ts';

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
    if (refusedLogin && login === 1 && (await ports.relays.credentialsRefused(relay, connection.settings.version))) {
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

/** A session, and the version of the credentials that it was opened with. */
export interface OpenSession {
  readonly session: SmtpSession;
  readonly version: string;
  readonly turn: Turn;
  /** Ms since the epoch. */
  readonly askedAt: number;
  readonly chooseMs: number;
}

export interface Transacted {
  readonly result: TransactionResult;
  readonly failed: readonly FailedAttempt[];
  /** The relay refused the session's login, and there are other credentials by now: a rotation is no fault of the relay. */
  readonly outdated: boolean;
}

/**
 * One transaction. A reused session that died before the body, or one whose login is not good any more, is replaced by a
 * fresh one at once, and nobody is charged: relays close idle sessions, and the relay has taken nothing of the mail.
 */
export async function transact(
  opened: OpenSession,
  message: Buffer,
  to: readonly string[],
  input: TransactInput,
  ports: DeliveryPorts,
): Promise<Transacted> {
  const { session } = opened;
  const first = await send(opened, message, to, input, ports);
  const untaken = first.result.accepted.length === 0 && first.failed.length > 0;
  const isAll = (one: (failed: Classification) => boolean): boolean =>
    untaken && first.failed.every(({ classification }) => one(classification));
  const staleSession =
    (session.reused && isAll(({ scope }) => scope === 'session')) ||
    (first.outdated && isAll(({ trait }) => trait === 'credentials'));
  if (!staleSession) return first;
  const fresh = await openSession(opened.turn, input, ports, true);
  if (fresh === 'withdrawn' || fresh === undefined) return first;
  if (ports.clock.now() < lastBegin(input.bounds, ports)) return send(fresh, message, to, input, ports);
  fresh.session.release();
  return first;
}

async function send(
  { session, version, turn, askedAt, chooseMs }: OpenSession,
  message: Buffer,
  to: readonly string[],
  { mail, bounds, report }: TransactInput,
  ports: DeliveryPorts,
): Promise<Transacted> {
  const startedAt = ports.clock.now();
  const transaction = { envelope: { from: mail.envelope.from, to }, message };
  const result = await session.send(transaction, bounds.sendDeadline, turn.relays);
  const addresses = [mail.envelope.from, ...to];
  const failed = result.failed.map(({ address, failure }) => ({
    address,
    failure,
    classification: classify(failure, addresses),
  }));
  const telling = tellingOfRelay(result.accepted.length, failed);
  // Some relays ask for a login, or refuse it, only at MAIL.
  const refusedLogin = telling.some(({ classification }) => classification.trait === 'credentials');
  const outdated = refusedLogin && (await ports.relays.credentialsRefused(session.relay, version).catch(() => false));
  const speaking = outdated ? telling.filter(({ classification }) => classification.trait !== 'credentials') : telling;
  observeOnce(session.relay, result, speaking, { mail: mail.key, version }, report, ports);
  const now = ports.clock.now();
  report({
    type: 'attempt',
    relay: session.relay,
    reused: session.reused,
    accepted: result.accepted.map(({ address }) => address),
    failed,
    durationMs: now - startedAt,
    wholeMs: now - askedAt,
    chooseMs,
    timings: { ...session.setUp, ...result.timings },
  });
  return { result, failed, outdated };
}

/** A transaction is one observation of the relay, however many recipients it had: the one that weighs most. */
function observeOnce(
  relay: string,
  result: TransactionResult,
  failed: readonly FailedAttempt[],
  about: ObservationContext,
  report: TransactInput['report'],
  ports: DeliveryPorts,
): void {
  if (result.accepted.length > 0) observe(relay, 'accepted', about, report, ports);
  const weightiest = failed.map(({ classification }) => classification).sort((a, b) => weight(b) - weight(a))[0];
  if (weightiest !== undefined && weightiest.scope !== 'session') observe(relay, weightiest, about, report, ports);
}

/** Never throws: between a relay's answer and the ledger nothing may fail that the mail does not need. */
function observe(
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

function weight({ scope }: Classification): number {
  return ['recipient', 'sender', 'message', 'session', 'throttle', 'uncertain', 'relay'].indexOf(scope);
}
