import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

/** An AWS emulator that `cdk deploy` works against unchanged, on a port of its own. */
export interface MiniStack {
  /** The SDK's and the CDK's standard environment, pointing at the emulator. */
  readonly environment: NodeJS.ProcessEnv;
  readonly endpoint: string;
  close(): Promise<void>;
}

export async function startMiniStack(executable: string): Promise<MiniStack> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const environment = {
    ...process.env,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    CDK_DEFAULT_ACCOUNT: '000000000000',
    CDK_DEFAULT_REGION: 'eu-west-1',
    GATEWAY_PORT: String(port),
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
  };
  const server = spawn(executable, [], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(server);
  await ready(endpoint, server, output);
  return {
    environment,
    endpoint,
    async close() {
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      const forced = setTimeout(() => server.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(forced);
    },
  };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  const add = (chunk: Buffer): void => {
    text = `${text}${chunk.toString()}`.slice(-20_000);
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  return () => text;
}

async function ready(endpoint: string, server: ChildProcess, output: () => string): Promise<void> {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    if (server.exitCode !== null) break;
    const answered = await fetch(`${endpoint}/_ministack/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return;
    await pause(200);
  }
  throw new Error(`MiniStack did not start:\n${output()}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Runs the pinned CDK CLI; its output is part of the error when it fails. */
export async function cdk(arguments_: readonly string[], environment: NodeJS.ProcessEnv): Promise<string> {
  try {
    const run = promisify(execFile)('npx', ['cdk', ...arguments_], { env: environment, maxBuffer: 64 * 1024 * 1024 });
    const { stdout, stderr } = await run;
    return `${stdout}${stderr}`;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`cdk ${arguments_.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}
