import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dynamoDbLedger } from '../../../lib/ledger/dynamodb-store.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { readBody } from '../../../ops/dlq/read-body.ts';
import { depth, dlq, ended, put, type Stage, startDlq, startStage, takeAll } from './fixture.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await startStage();
});
afterEach(() => stage.close());

const body = (index: number) =>
  JSON.stringify({
    from: 'shop@example.com',
    to: ['ada@example.org', `bob-${index}@example.org`],
    subject: `Mail ${index}`,
    text: 'Hello',
  });

const attributesOf = (index: number, reason = 'rejected') => ({
  reason,
  detail: JSON.stringify({
    recipients: [
      { address: `bob-${index}@example.org`, relay: 'primary', code: 550, enhancedCode: '5.1.1', reply: 'gone' },
    ],
  }),
  idempotencyKey: `key-${index}`,
  deadLetterId: `letter-${index}`,
  failedAt: '2026-01-01T00:00:00.000Z',
});

/** What the ledger holds of that mail: ada has it, bob was refused. */
async function remember(index: number, changes: Partial<LedgerItem> = {}): Promise<void> {
  const { read } = readBody(body(index), { messageId: 'any' });
  if (!read.ok) throw new Error('the body must be readable');
  const now = Date.now();
  const item: LedgerItem = {
    key: `key-${index}`,
    writeId: 'w',
    payloadHash: read.mail.payloadHash,
    state: 'settled',
    recipients: {
      'ada@example.org': { status: 'accepted', at: now, relay: 'primary' },
      [`bob-${index}@example.org`]: { status: 'failed', at: now, relay: 'primary', deadLetterId: `letter-${index}` },
    },
    attempts: 1,
    crashes: 0,
    firstSeenAt: now,
    deadLetters: { [`letter-${index}`]: { reason: 'rejected', pending: false, failedAt: now } },
    changedAt: now,
    ttl: Math.ceil(now / 1000) + 1000,
    ...changes,
  };
  await dynamoDbLedger(stage.clients.dynamodb, stage.ledgerTable).write(item, undefined);
}

async function fill(count: number, reason?: string): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => remember(index)));
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      put(stage, stage.deadLetterUrl, body(index), attributesOf(index, reason)),
    ),
  );
}

const documents = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

async function inDeadLetters(): Promise<number> {
  const { visible, hidden } = await depth(stage, stage.deadLetterUrl);
  expect(hidden).toBe(0);
  return visible;
}

describe('list', () => {
  it('shows every entry once, in words, and leaves all of them visible', async () => {
    await fill(25);
    await put(stage, stage.deadLetterUrl, body(99));
    const { stdout, exitCode } = await dlq(stage, 'list');
    expect(exitCode).toBe(0);
    for (let index = 0; index < 25; index += 1) expect(stdout.split(`letter-${index} `)).toHaveLength(2);
    expect(stdout).toContain('bob-7@example.org: 550 5.1.1 gone (primary)');
    expect(stdout).toContain('SQS moved it by itself');
    expect(stdout).toContain('26 entries of 26: 25 rejected, 1 moved-by-sqs');
    expect(await inDeadLetters()).toBe(26);
  });

  it('lists for scripts what the filters let through', async () => {
    await fill(12);
    const { stdout } = await dlq(stage, 'list', '--json', '--key', 'key-3', '--key', 'key-5', '--code', '5.1');
    const [summary, ...found] = documents(stdout).reverse();
    expect(found.map(({ idempotencyKey }) => idempotencyKey).sort()).toEqual(['key-3', 'key-5']);
    expect(summary).toMatchObject({ summary: { looked: 12, matched: 2, reasons: { rejected: 12 } } });
  });

  it('holds what it has seen for as long as it looks, however short the time-out', async () => {
    await fill(30);
    let receives = 0;
    // Two and a half time-outs pass in the middle.
    stage.proxy.fate = (action) => (action === 'ReceiveMessage' && ++receives === 3 ? 'delay' : 'pass');
    stage.proxy.delayMs = 2500;
    const { stdout } = await dlq(stage, 'list', '--json', '--hold', '1');
    const ids = documents(stdout).flatMap(({ id }) => id ?? []);
    expect(new Set(ids).size).toBe(30);
    expect(ids).toHaveLength(30);
  });

  it('says that the queue is empty', async () => {
    const { stdout, exitCode } = await dlq(stage, 'list');
    expect({ stdout, exitCode }).toEqual({ stdout: '0 entries of 0\n', exitCode: 0 });
  });

  it('says that nothing runs there, or that the stack cannot be reached', async () => {
    await writeFile(join(stage.directory, 'lock'), '');
    const { stderr, exitCode } = await dlq(stage, 'list');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('No local system runs');
  });
});

describe('show', () => {
  it('tells what an entry is about and what a redrive would do', async () => {
    await fill(3);
    const { stdout, exitCode } = await dlq(stage, 'show', 'letter-1');
    expect(exitCode).toBe(0);
    for (const part of [
      'letter-1',
      'rejected. A relay refused it for good.',
      'bob-1@example.org: 550 5.1.1 gone (primary)',
    ]) {
      expect(stdout).toContain(part);
    }
    expect(stdout).toContain('ada@example.org: accepted by primary');
    expect(stdout).toContain('A redrive\n  sent to bob-1@example.org\n');
    expect(await inDeadLetters()).toBe(3);
  });

  it('shows what nobody can read, without letting it write to the terminal', async () => {
    await put(stage, stage.deadLetterUrl, '{"to": "bob\u009b2J', {
      reason: 'malformed',
      deadLetterId: 'odd',
      detail: '{',
    });
    const { stdout, exitCode } = await dlq(stage, 'show', 'odd');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('{"to": "bob\ufffd2J');
    expect(stdout).toContain('dead-lettered again: body: must be JSON');
  });

  it('exits with 1 for an entry that is not there', async () => {
    await fill(1);
    const { stderr, exitCode } = await dlq(stage, 'show', 'letter-2');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('has no entry letter-2');
  });
});

describe('redrive', () => {
  it('does nothing without --yes but say what it would do', async () => {
    await fill(3);
    const { stdout, exitCode } = await dlq(stage, 'redrive', '--key', 'key-2');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('letter-2  rejected: sent to bob-2@example.org');
    expect(stdout).toContain('1 entry would be redriven, 3 looked at\nNothing was changed. Add --yes to do it.');
    expect(await inDeadLetters()).toBe(3);
    expect(await takeAll(stage, stage.intakeUrl)).toEqual([]);
  });

  it('puts the body back untouched, with what the sender knows it by', async () => {
    await fill(3);
    const moved = await put(stage, stage.deadLetterUrl, 'not even JSON');
    const { exitCode } = await dlq(stage, 'redrive', '--yes', 'letter-2', moved);
    expect(exitCode).toBe(0);
    const sent = (await takeAll(stage, stage.intakeUrl)).map(({ Body, MessageAttributes = {} }) => [
      Body,
      Object.entries(MessageAttributes).map(([name, { StringValue }]) => `${name}=${StringValue}`),
    ]);
    expect(sent).toHaveLength(2);
    expect(sent).toContainEqual([body(2), ['idempotencyKey=key-2', 'deadLetterId=letter-2']]);
    expect(sent).toContainEqual(['not even JSON', [`idempotencyKey=${moved}`]]);
    expect(await inDeadLetters()).toBe(2);
  });

  it('leaves out what may have arrived, unless it is asked for', async () => {
    await fill(2, 'uncertain');
    const { stderr } = await dlq(stage, 'redrive', '--yes');
    expect(stderr).toContain('2 uncertain left out');
    expect(await inDeadLetters()).toBe(2);
    await dlq(stage, 'redrive', '--yes', '--reason', 'uncertain');
    expect(await inDeadLetters()).toBe(0);
    expect(await takeAll(stage, stage.intakeUrl)).toHaveLength(2);
  });

  it('leaves out poison and what SQS moved when their last sends were cut short', async () => {
    const [now, bob] = [Date.now(), 'bob-0@example.org'];
    const cut = { status: 'failed', at: now, relay: 'primary', deadLetterId: 'letter-0', crashes: 5 } as const;
    await remember(0, { recipients: { [bob]: cut }, crashes: 5 });
    await put(stage, stage.deadLetterUrl, body(0), attributesOf(0, 'poison'));
    const lease = { owner: 'o', endsAt: now - 1000, relay: 'primary', inFlight: ['bob-1@example.org'] };
    await remember(1, { state: 'sending', lease, recipients: {}, deadLetters: {} });
    await put(stage, stage.deadLetterUrl, body(1), { idempotencyKey: 'key-1' });

    const { stderr } = await dlq(stage, 'redrive', '--yes');

    expect(stderr).toContain('2 uncertain left out');
    expect(await inDeadLetters()).toBe(2);
    const { stdout } = await dlq(stage, 'redrive', '--reason', 'poison', '--reason', 'uncertain');
    expect(stdout).toContain(`may arrive twice at ${bob}`);
    await dlq(stage, 'redrive', '--yes', 'letter-0');
    expect(await inDeadLetters()).toBe(1);
  });

  it('leaves out what the ledger has lost, unless it is asked for by its ID', async () => {
    await fill(2);
    await put(stage, stage.deadLetterUrl, body(7), attributesOf(7));
    const { stderr, stdout, exitCode } = await dlq(stage, 'redrive', '--yes');
    expect(stderr).toContain('1 left out because the ledger has no record of them');
    expect(stdout).toContain('2 entries redriven, 1 left as they are');
    expect(exitCode).toBe(0);
    await dlq(stage, 'redrive', '--yes', 'letter-7');
    expect(await inDeadLetters()).toBe(0);
  });

  it('keeps to its rate', async () => {
    await fill(21);
    const started = performance.now();
    await dlq(stage, 'redrive', '--yes', '--rate', '20');
    expect(performance.now() - started).toBeGreaterThan(990);
    expect(await inDeadLetters()).toBe(0);
  });

  it('keeps in the queue what the intake queue does not take, and stops when it takes nothing', async () => {
    await fill(30);
    stage.proxy.fate = (action) => (action === 'SendMessage' ? 'error-before' : 'pass');
    const { stderr, stdout, exitCode } = await dlq(stage, 'redrive', '--yes', '--rate', '1000');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Stopped after 10 failures in a row.');
    expect(stdout).toContain('0 entries redriven, 10 failed');
    expect(await inDeadLetters()).toBe(30);
  });

  it('finishes what is in hand at Ctrl-C, shows the rest again, and says that it was interrupted', async () => {
    await fill(40);
    const child = startDlq(stage, 'redrive', '--yes', '--rate', '20');
    let deletes = 0;
    stage.proxy.fate = (action) => {
      if (action === 'DeleteMessage' && ++deletes === 5) child.kill('SIGINT');
      return 'pass';
    };
    const { exitCode, stderr, stdout } = await ended(child);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Interrupted');
    const redriven = Number(/(\d+) entries redriven/.exec(stdout)?.[1]);
    expect(redriven).toBeLessThan(40);
    expect(await inDeadLetters()).toBe(40 - redriven);
    expect(await takeAll(stage, stage.intakeUrl)).toHaveLength(redriven);
  });

  it('says that entries are hidden by somebody else', async () => {
    await fill(3);
    await takeAll(stage, stage.deadLetterUrl);
    const { stderr, stdout } = await dlq(stage, 'redrive', '--yes');
    expect(stderr).toContain('3 of the entries are hidden');
    expect(stdout).toContain('0 entries redriven, 0 looked at');
  });
});

describe('drop', () => {
  it('deletes only with --yes, and writes to a file first', async () => {
    await fill(12);
    expect((await dlq(stage, 'drop')).stdout).toContain('12 entries would be dropped');
    expect(await inDeadLetters()).toBe(12);
    const { exitCode, stderr } = await dlq(
      stage,
      'drop',
      '--yes',
      '--rate',
      '1000',
      '--key',
      'key-3',
      '--key',
      'key-4',
    );
    expect(exitCode).toBe(0);
    expect(stderr).toContain('What was dropped is in dropped-dead-letters.ndjson');
    expect(await inDeadLetters()).toBe(10);
    const kept = documents(await readFile(join(stage.directory, 'dropped-dead-letters.ndjson'), 'utf8'));
    expect(kept.map(({ message }) => message.MessageBody).sort()).toEqual([body(3), body(4)]);
  });

  it('loses nothing when it is killed again and again: every entry is in the queue or in the file', async () => {
    await fill(60);
    const path = join(stage.directory, 'dropped.ndjson');
    // What a run leaves behind that was killed while it wrote.
    await writeFile(path, '{"half": ');
    for (const [count, fate] of [
      [7, 'hang-up-before'],
      [9, 'hang-up-after'],
      [13, 'hang-up-before'],
    ] as const) {
      const child = startDlq(stage, 'drop', '--yes', '--rate', '1000', '--hold', '1', '--file', path);
      let deletes = 0;
      stage.proxy.fate = (action) => {
        if (action !== 'DeleteMessage' || ++deletes !== count) return 'pass';
        child.kill('SIGKILL');
        return fate;
      };
      await once(child, 'close');
      stage.proxy.fate = () => 'pass';
      const { visible, hidden } = await depth(stage, stage.deadLetterUrl);
      const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.endsWith('}'));
      const dropped = new Set(lines.map((line) => JSON.parse(line).id));
      expect(visible + hidden).toBeLessThan(60);
      expect(dropped.size).toBeGreaterThanOrEqual(60 - visible - hidden);
    }
    for (;;) {
      await dlq(stage, 'drop', '--yes', '--rate', '1000', '--file', path);
      const { visible, hidden } = await depth(stage, stage.deadLetterUrl);
      if (visible + hidden === 0) break;
    }
    const [half, ...lines] = (await readFile(path, 'utf8')).trim().split('\n');
    expect(half).toBe('{"half": ');
    expect(new Set(lines.map((line) => JSON.parse(line).id)).size).toBe(60);
  });

  it('deletes nothing when the file cannot be written', async () => {
    await fill(1);
    const { exitCode, stderr } = await dlq(
      stage,
      'drop',
      '--yes',
      '--file',
      join(stage.directory, 'no', 'such', 'file'),
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain('cannot be written');
    expect(await inDeadLetters()).toBe(1);
  });
});

describe('export', () => {
  it('writes what SendMessage takes, keeps the entries, and does not write over a file', async () => {
    await fill(11);
    const moved = await put(stage, stage.deadLetterUrl, body(50));
    const { exitCode } = await dlq(stage, 'export', '--file', 'all.ndjson');
    expect(exitCode).toBe(0);
    const lines = documents(await readFile(join(stage.directory, 'all.ndjson'), 'utf8'));
    expect(lines).toHaveLength(12);
    expect(lines.find(({ id }) => id === 'letter-4').message).toEqual({
      MessageBody: body(4),
      MessageAttributes: Object.fromEntries(
        Object.entries(attributesOf(4)).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
      ),
    });
    expect(lines.find(({ id }) => id === moved).message.MessageAttributes.idempotencyKey.StringValue).toBe(moved);
    expect(await inDeadLetters()).toBe(12);
    expect((await dlq(stage, 'export', '--file', 'all.ndjson')).exitCode).toBe(2);
  });

  it('writes to the screen without a file', async () => {
    await fill(2);
    const { stdout } = await dlq(stage, 'export', 'letter-1');
    expect(documents(stdout).map(({ id }) => id)).toEqual(['letter-1']);
  });
});
