import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { composeSender, type Sender } from '../../functions/compose-sender.ts';
import { systemClock } from '../../lib/platform/clock.ts';
import { createLog, type Log } from '../../lib/telemetry/log.ts';
import { createTelemetry, type Telemetry } from '../../lib/telemetry/telemetry.ts';
import { stubClients } from '../handler/aws-stubs.ts';
import { environment } from '../handler/environment.ts';
import { batchOf, benchMail } from '../handler/mails.ts';

const batchSize = 10;
const stage = 'bench';
const warmUpRounds = 15;

export interface TelemetryReport {
  /** Median of the rounds: processor time that telemetry adds to the handler's, as a share of what it takes without. */
  readonly overhead: number;
  /** Milliseconds of processor time per mail, medians. */
  readonly withTelemetry: number;
  readonly without: number;
  /** Bytes per mail. */
  readonly emfBytes: number;
  readonly logBytes: number;
}

const silentLog: Log = {
  event: () => {},
  with: () => silentLog,
  address: createLog({ stage, clock: systemClock }).address,
};
const silentTelemetry: Telemetry = { count: () => {}, record: () => {}, awsCall: () => {}, flush: () => {} };

/**
 * The handler as it is, and with telemetry and log that do nothing, in the same process: rounds alternate, and so does
 * which of the two goes first, because timings on a shared machine drift. Many short rounds rather than few long ones: the
 * median passes over those that a collection of garbage or a neighbour fell into.
 */
export async function benchTelemetry(options: {
  readonly rounds: number;
  readonly batches: number;
}): Promise<TelemetryReport> {
  const server = new Worker(new URL('../handler/accept-all.ts', import.meta.url));
  const [{ port }] = await once(server, 'message');
  const written = { emf: 0, log: 0 };
  const sender = (telemetry: Telemetry, log: Log): Sender =>
    composeSender({
      environment: environment(),
      clients: stubClients(port, 'wire'),
      clock: systemClock,
      random: Math.random,
      telemetry,
      log,
    });
  const byteCounter = (kind: keyof typeof written) => (line: string) => {
    // What goes to Lambda's pipe ends there; counting its bytes stands for the copy.
    written[kind] += Buffer.byteLength(line) + 1;
  };
  const full = sender(
    createTelemetry({ stage, clock: systemClock, sink: byteCounter('emf') }),
    createLog({ stage, clock: systemClock, write: byteCounter('log') }),
  );
  const bare = sender(silentTelemetry, silentLog);
  let index = 0;
  const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 170_000 };
  /** Milliseconds of processor time per mail. */
  const cost = async (handler: Sender): Promise<number> => {
    const before = process.threadCpuUsage();
    for (let done = 0; done < options.batches; done += 1) {
      const first = index;
      const mails = Array.from({ length: batchSize }, () => benchMail(index++));
      const { batchItemFailures } = await handler.handle(batchOf(mails, first), context);
      if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} mails failed`);
    }
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000 / (options.batches * batchSize);
  };
  for (let round = 0; round < warmUpRounds; round += 1) for (const handler of [full, bare]) await cost(handler);
  written.emf = 0;
  written.log = 0;
  const rounds: { full: number; bare: number }[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const first = round % 2 === 0 ? await cost(full) : undefined;
    const without = await cost(bare);
    rounds.push({ full: first ?? (await cost(full)), bare: without });
  }
  await Promise.all([full.close(), bare.close()]);
  await server.terminate();
  const mails = options.rounds * options.batches * batchSize;
  return {
    overhead: median(rounds.map((round) => round.full / round.bare)) - 1,
    withTelemetry: median(rounds.map((round) => round.full)),
    without: median(rounds.map((round) => round.bare)),
    emfBytes: written.emf / mails,
    logBytes: written.log / mails,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
