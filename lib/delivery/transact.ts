import { classify } from '../outcome/classify.ts';
import type { Classification } from '../outcome/outcome.ts';
import type { TransactionResult } from '../smtp/transport.ts';
import type { FailedAttempt } from './events.ts';
import {
  hasOtherCredentials,
  lastBegin,
  type OpenSession,
  observe,
  openSession,
  type TransactInput,
} from './open-session.ts';
import type { DeliveryPorts, ObservationContext } from './ports.ts';
import { tellingOfRelay } from './telling.ts';

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
  const telling = tellingOfRelay(result.accepted.length, failed, turn.candidate.trial);
  // Some relays ask for a login, or refuse it, only at MAIL.
  const refusedLogin = telling.some(({ classification }) => classification.trait === 'credentials');
  const outdated = refusedLogin && (await hasOtherCredentials(session.relay, version, bounds, ports));
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

function weight({ scope }: Classification): number {
  return ['recipient', 'sender', 'message', 'session', 'throttle', 'uncertain', 'relay'].indexOf(scope);
}
