import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMailbox } from '../../../local/mailbox/mailbox.ts';
import { type EmbeddedRelay, startRelay } from '../../../local/relays/relay.ts';
import { readEndpoints } from '../../../ops/shared/endpoints.ts';

let directory: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postroom-test-'));
});
afterAll(async () => {
  for (const child of running) child.kill('SIGTERM');
  await rm(directory, { recursive: true, force: true });
});

/** Starts a local system and waits until it says that it runs; gives what it printed so far. */
async function start(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['local/commands/start.ts', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  for await (const line of createInterface(child.stdout)) {
    if (line.includes('Postroom is running.')) {
      child.stdout.resume();
      return child;
    }
  }
  throw new Error('The local system ended before it ran.');
}

async function stop(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const [exitCode] = await ended;
  return exitCode;
}

/** Runs a command to its end. */
async function run(command: string, ...args: string[]) {
  const child = spawn(process.execPath, [`local/commands/${command}.ts`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { output, errors, exitCode };
}

describe('npm start and npm run send', () => {
  it('deliver to the mailbox, follow each message, and stop cleanly', { timeout: 120_000 }, async () => {
    const stateDir = join(directory, 'embedded');
    const child = await start(['--state-dir', stateDir]);
    const where = ['--state-dir', stateDir];
    const { mailbox, outputs } = await readEndpoints(stateDir);
    expect(Object.keys(outputs)).toContain('IntakeQueueUrl');

    const second = await run('start', ...where);
    expect(second).toMatchObject({ exitCode: 1, errors: expect.stringContaining('in use') });

    const sent = await run(
      'send',
      '--to',
      'ada@example.org',
      '--subject',
      'Hi',
      '--text',
      'Hello',
      '--key',
      'k-1',
      ...where,
    );
    expect(sent.output).toMatch(/Accepted by \w+ for ada@example\.org: 250/);
    expect(sent).toMatchObject({ exitCode: 0, errors: '' });
    const mails: unknown = await (await fetch(`${mailbox}?to=ada@example.org`)).json();
    expect(mails).toEqual([expect.objectContaining({ subject: 'Hi', text: expect.stringContaining('Hello') })]);

    const copy = await run(
      'send',
      '--to',
      'ada@example.org',
      '--subject',
      'Hi',
      '--text',
      'Hello',
      '--key',
      'k-1',
      ...where,
    );
    expect(copy).toMatchObject({ exitCode: 0, output: expect.stringContaining('A duplicate') });

    const broken = join(directory, 'broken.json');
    await writeFile(broken, '{"to": ["ada@example.org"], "subjekt": "x"}');
    const refused = await run('send', '--file', broken, ...where);
    expect(refused).toMatchObject({ exitCode: 1, output: expect.stringContaining('malformed') });

    expect(await stop(child)).toBe(0);
    await expect(access(join(stateDir, 'endpoints.json'))).rejects.toThrow();
    expect(await readFile(join(stateDir, 'functions.log'), 'utf8')).not.toContain('"unexpected"');
    const late = await run('send', '--to', 'ada@example.org', '--text', 'x', ...where);
    expect(late).toMatchObject({ exitCode: 2, errors: expect.stringContaining('npm start') });
  });

  it('use the relays they are given', { timeout: 120_000 }, async () => {
    const inbox = createMailbox();
    const relay: EmbeddedRelay = await startRelay({ name: 'office', deliver: (mail) => inbox.deliver(mail) });
    const stateDir = join(directory, 'external');
    const child = await start(['--state-dir', stateDir, '--relay', `office=smtp://127.0.0.1:${relay.port}?tls=none`]);

    const sent = await run('send', '--to', 'ada@example.org', '--text', 'Hello', '--state-dir', stateDir);

    expect(sent.output).toContain('Accepted by office');
    expect(inbox.total()).toBe(1);
    expect(await stop(child)).toBe(0);
    await relay.close();
  });

  it.each([
    { name: 'a bad relay', args: ['--relay', 'a=http://x'], says: '"http://", not "smtp://"', exitCode: 2 },
    { name: 'a missing config', args: ['--config', 'nowhere.json'], says: 'nowhere.json cannot be read', exitCode: 2 },
    { name: 'an unknown option', args: ['--verbos'], says: '--verbos', exitCode: 2 },
  ])('say what is wrong with $name', async ({ args, says, exitCode }) => {
    const result = await run('start', '--state-dir', join(directory, 'wrong'), ...args);
    expect(result.errors).toContain(says);
    expect(result.errors).not.toContain('    at ');
    expect(result.exitCode).toBe(exitCode);
  });

  it('name the field and the rule of a config that is not valid', async () => {
    const config = join(directory, 'config.json');
    await writeFile(config, '{"relays": {"a": {"wieght": 2}}, "retry": {"jitter": 7}}');
    const { errors, exitCode } = await run('start', '--state-dir', join(directory, 'wrong'), '--config', config);
    expect(errors).toContain('did you mean "weight"');
    expect(errors).toContain('retry.jitter is 7; allowed: a number from 0 to 1');
    expect(exitCode).toBe(1);
  });
});
