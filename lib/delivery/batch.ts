import type { IntakeRules } from '../intake/read.ts';
import { deliver } from './deliver.ts';
import { deliveryOf } from './delivery.ts';
import { unlessOverdue } from './overdue.ts';
import type { DeliveryPorts, Disposition, InvocationBounds, ReceivedMessage } from './ports.ts';
import { postponed } from './postponed.ts';
import { type Job, prepare, type Refusal, refuse } from './prepare.ts';
import { prove } from './prove.ts';
import { hasCrashed, manyReceives } from './suspect.ts';

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
 * process are built alone, while nobody is being sent, and those that did end one run last and alone, with all their
 * copies: so that they take nobody along.
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
 * looks like the culprit until one of them is built alone: the ledger knows that one then, and it goes last. All others
 * are sent together.
 */
async function carryOften(
  often: readonly ReceivedMessage[],
  bounds: InvocationBounds,
  ports: BatchPorts,
): Promise<readonly Disposed[]> {
  const first: Prepared[] = [];
  const last: Job[] = [];
  for (const received of often) {
    const prepared = await prepare(received, ports);
    if (!('mail' in prepared)) first.push(prepared);
    else if (hasCrashed(prepared.stored, ports.clock.now())) last.push(prepared);
    else first.push(await proven(prepared, bounds, ports));
  }
  return [...(await finish(first, bounds, ports)), ...(await carryInTurn(last, bounds, ports))];
}

async function proven(job: Job, bounds: InvocationBounds, ports: BatchPorts): Promise<Job | Disposed> {
  const { received, mail, stored } = job;
  // Whoever carries the mail meets the same error, and tells of it.
  const step = await prove(deliveryOf(job, bounds, ports), stored, ports).catch(() => ({ standing: stored }));
  if ('standing' in step) return { ...job, stored: step.standing };
  return { received, disposition: await unlessOverdue(received, mail.key, step.done, ports) };
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

async function carry(job: Job, bounds: InvocationBounds, ports: BatchPorts): Promise<Disposition> {
  const { received, mail } = job;
  const delivery = deliveryOf(job, bounds, ports);
  const { report } = delivery;
  try {
    const step = await prove(delivery, job.stored, ports);
    const done = 'done' in step ? step.done : await deliver(delivery, step.standing, ports);
    return await unlessOverdue(received, mail.key, done, ports);
  } catch (error) {
    const postponement = postponed(received, ports);
    report({ type: 'unexpected', error });
    report({ type: 'waiting', why: 'unexpected-error', visibleAt: postponement.visibleAt });
    return unlessOverdue(received, mail.key, { ...postponement, error }, ports);
  }
}
