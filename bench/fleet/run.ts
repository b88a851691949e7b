import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import { relayHealthItem } from '../../lib/health/item-schema.ts';
import { healthTable, type TableAnswer } from '../../test/support/health-table.ts';
import type { EnvironmentData } from './environment.ts';
import { closings, type Evidence, type News, openings, type Sighting, type TableRequest } from './evidence.ts';

export interface FleetOptions {
  readonly environments: number;
  /** So many cool-downs pass before the relay comes back. */
  readonly coolDowns: number;
  readonly coolDownSeconds: number;
  readonly mailEveryMs: number;
  readonly skewMs: number;
  /** The health table takes up to so long for a request: what a few environments decide at one time then overlaps. */
  readonly tableMs: number;
  readonly onProgress: (line: string) => void;
}

/** When an environment knows what the table says, and how late it may ask for a trial: the defaults of lib/health. */
const cacheMs = 5000;
const trialSpreadMs = 5000;
/** After that an experiment is over that does not get on. */
const startMs = 120_000;
const settleMs = 2 * cacheMs;

/** Environments in threads of their own, one health table, and one relay, which dies and comes back. */
export async function runFleet(options: FleetOptions): Promise<Evidence> {
  const { environments, coolDowns, coolDownSeconds, skewMs, onProgress } = options;
  const table = await healthTable({ slowestMs: options.tableMs });
  const requests: TableRequest[] = [];
  table.onAnswer((answer) => requests.push(tableRequest(answer)));
  const relay = await startRelay();
  const fleet = startFleet(options, {
    tableEndpoint: table.endpoint,
    tableName: table.tableName,
    relayPort: relay.port,
  });
  const { sightings } = fleet;
  try {
    const sending = (): number => new Set(sightings.filter(isAccepted).map(({ environment }) => environment)).size;
    if (!(await until(() => sending() === environments, startMs, fleet.failed)))
      throw new Error(`only ${sending()} environments can send`);
    const longestMs = coolDownSeconds * 1100 + 2 * skewMs + trialSpreadMs + cacheMs;
    const outage = async (passing: number) => {
      const downAt = Date.now();
      await relay.goDown();
      for (let count = 1; count <= passing + 1; count += 1) {
        if (!(await until(() => openings(requests).length >= count, longestMs, fleet.failed))) break;
        onProgress(`${((Date.now() - downAt) / 1000).toFixed(1)} s: the breaker opens`);
      }
      const backAt = Date.now();
      await relay.comeBack();
      await until(() => closings(requests).length > 0, longestMs, fleet.failed);
      onProgress(`${((Date.now() - downAt) / 1000).toFixed(1)} s: the relay is back, and the breaker closes`);
      await Promise.race([pause(settleMs), fleet.failed]);
      return { downAt, backAt };
    };
    onProgress('a rehearsal: so many copies of code that never ran before would measure the machine');
    await outage(0);
    for (const seen of [requests, sightings]) seen.length = 0;
    onProgress('the relay dies');
    const times = await outage(coolDowns);
    return { environments, skewMs, sightings, requests, ...times };
  } finally {
    await fleet.close();
    await Promise.all([relay.goDown(), table.close()]);
  }
}

function isAccepted(sighting: Sighting): boolean {
  return sighting.type === 'mail' && sighting.accepted;
}

const putItem = v.pipe(v.string(), v.parseJson(), v.object({ Item: v.record(v.string(), v.any()) }));

function tableRequest({ action, body, ok }: TableAnswer): TableRequest {
  const request = { at: Date.now(), action, ok };
  if (action !== 'PutItem') return request;
  return { ...request, item: v.parse(relayHealthItem, unmarshall(v.parse(putItem, body).Item)) };
}

function startFleet({ environments, mailEveryMs, coolDownSeconds, skewMs }: FleetOptions, places: Places) {
  const sightings: Sighting[] = [];
  const breaker = {
    failureThreshold: 3,
    messageRejectionThreshold: 10,
    coolDownSeconds,
    maxCoolDownSeconds: coolDownSeconds,
  };
  const workers = Array.from({ length: environments }, (_, environment) => {
    // From the slowest clock to the fastest, evenly.
    const share = environments === 1 ? 0 : (2 * environment) / (environments - 1) - 1;
    const data: EnvironmentData = { ...places, mailEveryMs, breaker, skewMs: Math.round(share * skewMs) };
    return new Worker(new URL('./environment.ts', import.meta.url), { workerData: data }).on('message', (news: News) =>
      sightings.push({ ...news, environment }),
    );
  });
  const failed = new Promise<never>((_, reject) => {
    for (const worker of workers) worker.once('error', reject);
  });
  failed.catch(() => {});
  return { sightings, failed, close: () => Promise.all(workers.map((worker) => worker.terminate())) };
}

type Places = Pick<EnvironmentData, 'tableEndpoint' | 'tableName' | 'relayPort'>;

/** A relay that is really gone while it is down: its port refuses, its sessions are dropped. */
async function startRelay() {
  const start = async (port: number) => {
    const worker = new Worker(new URL('../handler/accept-all.ts', import.meta.url), { workerData: port });
    const [address] = await once(worker, 'message');
    return { worker, port: Number(address.port) };
  };
  let { worker, port } = await start(0);
  return {
    port,
    goDown: () => worker.terminate(),
    comeBack: async () => {
      ({ worker, port } = await start(port));
    },
  };
}

/** False: it did not come true in that time. */
async function until(isTrue: () => boolean, patienceMs: number, failed: Promise<never>): Promise<boolean> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; ) {
    if (isTrue()) return true;
    await Promise.race([pause(50), failed]);
  }
  return false;
}
