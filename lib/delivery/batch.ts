import type { Mail } from '../intake/mail.ts';
import type { IntakeRules } from '../intake/read.ts';
import type { MailFacts } from '../ledger/facts.ts';
import { deliver } from './deliver.ts';
import type { DeliveryEventBody } from './events.ts';
import { unlessOverdue } from './overdue.ts';
import type { DeliveryPorts, Disposition, InvocationBounds, ReceivedMessage } from './ports.ts';
import { postponed } from './postponed.ts';
import { type Job, prepare, type Refusal, refuse } from './prepare.ts';
import { cameForNothing, hasCrashed, manyReceives } from './suspect.ts';

export interface BatchPorts extends DeliveryPorts {
  readonly rules: IntakeRules;
}

export interface Disposed {
  readonly received: ReceivedMessage;
  readonly disposition: Disposition;
}

/** What became of a message when it was looked at: a mail to carry, or its end. */
type Prepared = Job | Refusal | Disposed;

/**
 * Carries every message of a batch, several at once, and says what is to be done with each. Never rejects: whatever goes
 * wrong with one message is that message's alone. Copies of one mail run one after the other. Mails that may end the
 * process run last and alone, with all their copies, so that they take nobody along.
 */
export async function deliverBatch(
  batch: readonly ReceivedMessage[],
  bounds: InvocationBounds,
  given: BatchPorts,
): Promise<readonly Disposed[]> {
  const ports = { ...given, report: quietly(given.report) };
  const { often = [], seldom = [] } = Object.groupBy(batch, ({ receives }) =>
    receives >= manyReceives ? 'often' : 'seldom',
  );
  const disposed = await finish(await Promise.all(seldom.map((one) => prepare(one, ports))), bounds, ports);
  return [...disposed, ...(await carryOften(often, bounds, ports))];
}

/**
 * Not even read before the others are done, because the reading may be what ends the process. Who was its victim each time
 * looks like the culprit until one of them has run alone: the ledger knows that one then, and it goes last.
 */
async function carryOften(
  often: readonly ReceivedMessage[],
  bounds: InvocationBounds,
  ports: BatchPorts,
): Promise<readonly Disposed[]> {
  const disposed: Disposed[] = [];
  const rest: Prepared[] = [];
  for (const received of often) {
    const prepared = await prepare(received, ports);
    const now = ports.clock.now();
    const unproven =
      'mail' in prepared && cameForNothing(received, prepared.stored) && !hasCrashed(prepared.stored, now);
    if (unproven) disposed.push(...(await finish([prepared], bounds, ports)));
    else rest.push(prepared);
  }
  return [...disposed, ...(await finish(rest, bounds, ports))];
}

async function finish(
  prepared: readonly Prepared[],
  bounds: InvocationBounds,
  ports: BatchPorts,
): Promise<readonly Disposed[]> {
  const disposed = prepared.filter((one) => 'disposition' in one);
  const refusals = prepared.filter((one) => 'refused' in one);
  const jobs = prepared.filter((one) => 'mail' in one);
  const now = ports.clock.now();
  const suspectKeys = new Set(jobs.filter(({ stored }) => hasCrashed(stored, now)).map(({ mail }) => mail.key));
  const { suspect = [], sound = [] } = Object.groupBy(jobs, ({ mail }) =>
    suspectKeys.has(mail.key) ? 'suspect' : 'sound',
  );
  const chains = Map.groupBy(sound, ({ mail }) => mail.key);
  const finished = await Promise.all([
    ...refusals.map((refusal) => refuse(refusal, ports)),
    ...[...chains.values()].map((chain) => carryInTurn(chain, bounds, ports)),
  ]);
  return [...disposed, ...finished.flat(), ...(await carryInTurn(suspect, bounds, ports))];
}

/** What is told about a mail must never decide its fate: a relay's answer would be lost with the error. */
function quietly(report: DeliveryPorts['report']): DeliveryPorts['report'] {
  return (event) => {
    try {
      report(event);
    } catch {
      // Nobody is left to tell.
    }
  };
}

async function carryInTurn(
  jobs: readonly Job[],
  bounds: InvocationBounds,
  ports: BatchPorts,
): Promise<readonly Disposed[]> {
  const disposed: Disposed[] = [];
  let previous: Job | undefined;
  for (const job of jobs) {
    // What an earlier copy in this batch wrote is not in what was read before; presume nothing and let the claim find it.
    const stored = previous?.mail.key === job.mail.key ? undefined : job.stored;
    disposed.push({ received: job.received, disposition: await carry({ ...job, stored }, bounds, ports) });
    previous = job;
  }
  return disposed;
}

async function carry(
  { received, mail, stored }: Job,
  bounds: InvocationBounds,
  ports: BatchPorts,
): Promise<Disposition> {
  const report = (event: DeliveryEventBody): void =>
    ports.report({ key: mail.key, messageId: received.messageId, tags: mail.tags, ...event });
  try {
    const delivery = { received, mail, facts: factsOf(mail, received), bounds, report };
    return await unlessOverdue(received, mail.key, await deliver(delivery, stored, ports), ports);
  } catch (error) {
    const postponement = postponed(received, ports);
    report({ type: 'unexpected', error });
    report({ type: 'waiting', why: 'unexpected-error', visibleAt: postponement.visibleAt });
    return unlessOverdue(received, mail.key, { ...postponement, error }, ports);
  }
}

function factsOf(mail: Mail, received: ReceivedMessage): MailFacts {
  const { key, payloadHash, onUncertain, expiresAt, envelope, tags } = mail;
  const { deadLetterId, sentAt } = received;
  return {
    key,
    payloadHash,
    onUncertain,
    recipients: envelope.to,
    enqueuedAt: sentAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(deadLetterId === undefined ? {} : { deadLetterId }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  };
}
