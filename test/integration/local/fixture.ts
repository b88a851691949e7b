import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A function that does what its event says: `{"do": …}`, or for an SQS event what each record's body says.
 * It logs one JSON line per invocation.
 */
const handlerSource = `
import { createConnection } from 'node:net';
const started = Date.now();
let invocations = 0;
const act = async (command, context) => {
  if (command.do === 'throw') throw new TypeError('as told');
  if (command.do === 'hang') await new Promise(() => setInterval(() => {}, 1000));
  if (command.do === 'wait') await new Promise((done) => setTimeout(done, command.ms));
  if (command.do === 'exit') process.exit(7);
  if (command.do === 'reject-later') await new Promise(() => Promise.reject(new Error('nobody caught this')));
  if (command.do === 'environment') return process.env;
  if (command.do === 'context') return { ...context, remaining: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID };
  if (command.do === 'identity') return { pid: process.pid, invocations };
  if (command.do === 'tick') { let last = Date.now(); globalThis.ticks = 0; setInterval(() => globalThis.ticks++, 5); }
  if (command.do === 'ticks') return globalThis.ticks;
  return command.give ?? null;
};
export const handler = async (event, context) => {
  invocations++;
  if (!event.Records) { console.log(JSON.stringify({ event })); return act(event, context); }
  console.log(JSON.stringify({ records: event.Records }));
  const batchItemFailures = [];
  for (const record of event.Records) {
    const command = JSON.parse(record.body);
    const firstTime = record.attributes.ApproximateReceiveCount === '1';
    if (command.firstTime && !firstTime) continue;
    if (command.do === 'fail') batchItemFailures.push({ itemIdentifier: record.messageId });
    else if (command.do === 'fail-wrongly') batchItemFailures.push({ itemIdentifier: 'nobody' });
    else await act(command, context);
  }
  return { batchItemFailures };
};
export const notAFunction = 1;
`;

/** A function asset on disk, as the CDK would leave it. */
export async function createAsset(source = handlerSource): Promise<{ directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'postroom-asset-'));
  await writeFile(join(directory, 'index.mjs'), source);
  return { directory, remove: () => rm(directory, { recursive: true }) };
}

/** State letter of a process (`T`: stopped), or undefined when it is gone. `man 5 proc_pid_stat`. */
export async function processState(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    return state === 'Z' ? undefined : state;
  } catch {
    return undefined;
  }
}
