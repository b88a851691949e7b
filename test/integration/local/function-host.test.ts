import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Endpoints } from '../../../local/platform/emulators.ts';
import { createFunctionHost, type FunctionHost } from '../../../local/platform/function-host.ts';
import type { FunctionSpec } from '../../../local/platform/function-spec.ts';
import { startOrphanGuard } from '../../../local/platform/orphan-guard.ts';
import { createAsset, processState } from './fixture.ts';

const nowhere = 'http://127.0.0.1:9';
const endpoints: Endpoints = {
  region: 'us-east-1',
  accessKeyId: 'local',
  secretAccessKey: 'local',
  sqs: nowhere,
  sns: nowhere,
  s3: nowhere,
  dynamodb: nowhere,
  secretsManager: nowhere,
  lambda: nowhere,
  eventBridge: nowhere,
};

let asset: Awaited<ReturnType<typeof createAsset>>;
const orphanGuard = startOrphanGuard();
const hosts: FunctionHost[] = [];
const logs: string[] = [];

beforeEach(async () => {
  asset = await createAsset();
  logs.length = 0;
});

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
  await asset.remove();
});

function start(changes: Partial<FunctionSpec> = {}, idleReapMs = 60_000): FunctionHost {
  const spec: FunctionSpec = {
    name: 'subject',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:subject',
    handler: 'index.handler',
    taskRoot: asset.directory,
    environment: { COLOUR: 'green' },
    timeoutMs: 20_000,
    memoryMb: 128,
    ...changes,
  };
  const host = createFunctionHost(spec, { endpoints, orphanGuard, idleReapMs, onLog: ({ line }) => logs.push(line) });
  hosts.push(host);
  return host;
}

async function resultOf(host: FunctionHost, event: unknown): Promise<unknown> {
  const result = await host.invoke(event);
  if (!result.ok) throw new Error(result.message);
  return JSON.parse(result.payload);
}

describe('a function process', () => {
  it('gives its result, and what it prints goes to the log', async () => {
    const host = start();
    expect(await resultOf(host, { give: { a: [1] } })).toEqual({ a: [1] });
    await vi.waitFor(() => expect(logs).toContain('{"event":{"give":{"a":[1]}}}'));
  });

  it('runs with the variables of the template and of Lambda, and none of this process', async () => {
    vi.stubEnv('SECRET_OF_THE_SHELL', 'x');
    const environment = await resultOf(start(), { do: 'environment' });
    vi.unstubAllEnvs();
    expect(environment).toMatchObject({
      COLOUR: 'green',
      _HANDLER: 'index.handler',
      AWS_LAMBDA_FUNCTION_NAME: 'subject',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_ENDPOINT_URL_SQS: nowhere,
    });
    expect(environment).not.toHaveProperty('SECRET_OF_THE_SHELL');
    expect(environment).not.toHaveProperty('HOME');
  });

  it('has a Lambda context', async () => {
    const context = await resultOf(start(), { do: 'context' });
    expect(context).toMatchObject({
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionName: 'subject',
      memoryLimitInMB: '128',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:subject',
      trace: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};/),
      remaining: expect.toSatisfy((ms: number) => ms > 15_000 && ms <= 20_000),
    });
  });

  it('lives on after an error of the handler', async () => {
    const host = start();
    const failed = await host.invoke({ do: 'throw' });
    expect(failed).toMatchObject({
      ok: false,
      kind: 'error',
      message: expect.stringContaining('"errorType":"TypeError"'),
    });
    expect(await resultOf(host, { do: 'identity' })).toMatchObject({ invocations: 2 });
  });

  it('is killed when the time of the function is up', async () => {
    const host = start({ timeoutMs: 1_000 });
    const warm = await resultOf(host, { do: 'identity' });
    const failed = await host.invoke({ do: 'hang' });
    expect(failed).toEqual({ ok: false, kind: 'timeout', message: 'Task timed out after 1.00 seconds' });
    expect(host.pids()).toEqual([]);
    expect(await resultOf(host, { do: 'identity' })).not.toEqual(warm);
  });

  it.each(['exit', 'reject-later'])('that crashes (%s) fails only its own invocation', async (how) => {
    const host = start();
    const [crashed, other] = await Promise.all([host.invoke({ do: how }), resultOf(host, { give: 'fine' })]);
    expect(crashed).toMatchObject({ ok: false });
    expect(other).toBe('fine');
    expect(await resultOf(host, { give: 'again' })).toBe('again');
  });

  it('that is killed from outside fails only its own invocation', async () => {
    const host = start();
    const invocation = host.invoke({ do: 'hang' });
    await vi.waitFor(() => expect(logs).toHaveLength(1), 10_000);
    for (const pid of host.pids()) process.kill(pid, 'SIGKILL');
    expect(await invocation).toEqual({
      ok: false,
      kind: 'crash',
      message: 'Runtime exited with error: signal: SIGKILL',
    });
  });

  it.each(['index.absent', 'index.notAFunction', 'absent.handler'])('that cannot load %s says so', async (handler) => {
    const failed = await start({ handler }).invoke({});
    expect(failed).toMatchObject({
      ok: false,
      kind: 'init',
      message: expect.stringMatching(/not exported|Cannot find/),
    });
  });
});

describe('between invocations', () => {
  it('the process is stopped, keeps its memory, and no timer of it runs', async () => {
    const host = start();
    await resultOf(host, { do: 'tick' });
    const [pid = 0] = host.pids();
    await vi.waitFor(async () => expect(await processState(pid)).toBe('T'));
    await new Promise((done) => setTimeout(done, 500)); // the time that must not count
    const ticks = await resultOf(host, { do: 'ticks' });
    expect(ticks).toBeLessThan(50);
    expect(host.pids()).toEqual([pid]);
  });

  it('an unused process is thawed and ended', async () => {
    const host = start({}, 50);
    await host.invoke({});
    const [pid = 0] = host.pids();
    await vi.waitFor(() => expect(host.pids()).toEqual([]), 5_000);
    expect(await processState(pid)).toBeUndefined();
  });
});

describe('concurrency', () => {
  it('every process has one invocation at a time, and an idle one is used again', async () => {
    const host = start();
    await Promise.all([1, 2, 3].map(() => host.invoke({ do: 'wait', ms: 1_000 })));
    expect(host.pids()).toHaveLength(3);
    for (let round = 0; round < 5; round++) await host.invoke({});
    expect(host.pids()).toHaveLength(3);
  });

  it('stops at the reserved concurrency', async () => {
    const host = start({ reservedConcurrency: 1 });
    const [first, second] = await Promise.all([host.invoke({}), host.invoke({})]);
    expect(first.ok).toBe(true);
    expect(second).toMatchObject({ ok: false, kind: 'throttled' });
  });
});

describe('the end of a process', () => {
  const noticeModule = new URL('../../../lib/platform/shutdown-notice.ts', import.meta.url).href;
  /** Says whatever it is told on SIGTERM; registers an extension at once, late, or not at all. */
  const source = (asks: 'early' | 'late' | 'never', onNotice: string) => `
    import { askForShutdownNotice } from ${JSON.stringify(noticeModule)};
    const ask = () => askForShutdownNotice(process.env.AWS_LAMBDA_RUNTIME_API, (error) => console.log(error.message));
    process.on('SIGTERM', () => { ${onNotice} });
    ${asks === 'early' ? 'await ask();' : ''}
    export const handler = async () => { ${asks === 'late' ? 'await ask();' : ''} };
  `;
  const farewell = "console.log('farewell'); process.exit(0);";

  async function endOf(code: string): Promise<{ readonly tookMs: number }> {
    await asset.remove();
    asset = await createAsset(code);
    const host = start();
    await resultOf(host, {});
    const startedAt = performance.now();
    await host.close();
    return { tookMs: performance.now() - startedAt };
  }

  it('is announced to one that registered an extension, frozen though it is', async () => {
    await endOf(source('early', farewell));
    expect(logs).toEqual(['farewell']);
  });

  it('comes half a second later all the same', async () => {
    const { tookMs } = await endOf(source('early', ''));
    expect(tookMs).toBeGreaterThanOrEqual(450);
    expect(tookMs).toBeLessThan(2_000);
  });

  it('comes without a word to one that did not', async () => {
    await endOf(source('never', farewell));
    expect(logs).toEqual([]);
  });

  it('comes without a word to one that registers after its init phase', async () => {
    await endOf(source('late', farewell));
    expect(logs).toEqual([expect.stringContaining('403')]);
  });
});

it('closing ends busy and frozen processes', async () => {
  const host = start();
  await Promise.all([host.invoke({ do: 'wait', ms: 500 }), host.invoke({ do: 'wait', ms: 500 })]);
  const busy = host.invoke({ do: 'hang' });
  const pids = host.pids();
  await host.close();
  expect(await busy).toMatchObject({ ok: false, kind: 'crash' });
  expect(await Promise.all(pids.map(processState))).toEqual([undefined, undefined]);
});
