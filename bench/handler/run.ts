import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createTransport } from 'nodemailer';
import { composeSender } from '../../functions/compose-sender.ts';
import { systemClock } from '../../lib/platform/clock.ts';
import { type StubLevel, stubClients } from './aws-stubs.ts';
import { environment, sessions } from './environment.ts';
import { batchOf, benchMail } from './mails.ts';

const batchSize = 10;
const warmUpBatches = 60;

export interface HandlerReport {
  /** Mails per second, each the median of its rounds. */
  readonly handler: number;
  readonly pool: number;
  /** The median of the rounds' own ratios: both sides of a round ran within the same seconds. */
  readonly ratio: number;
}

/**
 * The whole handler (contract, ledger writes, MIME, SMTP, telemetry) against a bare nodemailer pool that sends the same
 * mails in the same batches. Rounds alternate, because timings on a shared machine drift, and are short and many, so that
 * the median passes over those that a collection of garbage or a neighbour fell into.
 */
export async function benchHandler(options: {
  readonly rounds: number;
  readonly batches: number;
  readonly aws: StubLevel;
}): Promise<HandlerReport> {
  const server = new Worker(new URL('./accept-all.ts', import.meta.url));
  const [{ port }] = await once(server, 'message');
  const sender = composeSender({
    environment: environment(),
    clients: stubClients(port, options.aws),
    clock: systemClock,
    random: Math.random,
  });
  const pool = createTransport({
    host: '127.0.0.1',
    port,
    pool: true,
    maxConnections: sessions,
    maxMessages: Infinity,
  });
  let index = 0;
  const nextBatch = () => Array.from({ length: batchSize }, () => benchMail(index++));
  const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 170_000 };
  const throughHandler = async () => {
    const first = index;
    const { batchItemFailures } = await sender.handle(batchOf(nextBatch(), first), context);
    if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} mails failed`);
  };
  const throughPool = async () => {
    await Promise.all(nextBatch().map((mail) => pool.sendMail({ ...mail, to: [...mail.to] })));
  };
  await quietly(async () => {
    await rate(throughHandler, warmUpBatches);
    await rate(throughPool, warmUpBatches);
  });
  const rounds: { handler: number; pool: number }[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const handler = await quietly(() => rate(throughHandler, options.batches));
    rounds.push({ handler, pool: await rate(throughPool, options.batches) });
  }
  pool.close();
  await quietly(() => sender.close());
  await server.terminate();
  return {
    handler: median(rounds.map((round) => round.handler)),
    pool: median(rounds.map((round) => round.pool)),
    ratio: median(rounds.map((round) => round.handler / round.pool)),
  };
}

async function rate(batch: () => Promise<void>, batches: number): Promise<number> {
  const start = performance.now();
  for (let done = 0; done < batches; done += 1) await batch();
  return (batches * batchSize * 1000) / (performance.now() - start);
}

/** Logs and metrics are made and written, but not onto the screen: Lambda's side of stdout is a pipe as well. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const write = process.stdout.write;
  process.stdout.write = () => true;
  try {
    return await work();
  } finally {
    process.stdout.write = write;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
