import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../../lib/telemetry/log.ts';
import { logEvents } from '../../../lib/telemetry/log-events.ts';

const now = Date.UTC(2026, 10, 23, 10);

function prepare() {
  const lines: string[] = [];
  const log = createLog({ stage: 'test', clock: { now: () => now }, write: (line) => lines.push(line) });
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '');
  return { lines, log, last };
}

describe('log', () => {
  it('writes one line with what Lambda reads, the code and the fields', () => {
    const { log, last } = prepare();

    log.event('mail.attempt', { key: 'order-1/receipt', relay: 'primary', timings: { dataMs: 12 } });

    expect(last()).toEqual({
      timestamp: '2026-11-23T10:00:00.000Z',
      level: 'INFO',
      event: 'mail.attempt',
      stage: 'test',
      key: 'order-1/receipt',
      relay: 'primary',
      timings: { dataMs: 12 },
    });
  });

  it('carries bound fields into every line, which an event may override', () => {
    const { log, last } = prepare();
    const bound = log.with({ requestId: 'r-1', relay: 'primary' }).with({ sqsId: 's-1' });

    bound.event('mail.waiting', { relay: 'fallback' });

    expect(last()).toMatchObject({ requestId: 'r-1', sqsId: 's-1', relay: 'fallback' });
  });

  it('marks slow sends and raises their level', () => {
    const { log, last } = prepare();

    log.event('mail.attempt', { durationMs: 4_999 });
    expect(last()).not.toHaveProperty('slow');
    log.event('mail.attempt', { durationMs: 5_000 });
    expect(last()).toMatchObject({ level: 'WARN', slow: true });
    log.event('relay.fault', { durationMs: 5_000 });
    expect(last()).toMatchObject({ level: 'WARN', slow: true });
    log.event('intake.resumed', { durationMs: 600_000 });
    expect(last()).toMatchObject({ level: 'INFO' });
    expect(last()).not.toHaveProperty('slow');
  });

  it('keeps of an error its name, code, message, frames and cause, and no other property', () => {
    const { log, lines, last } = prepare();
    const cause = Object.assign(new Error('connect refused for ada@example.org'), { code: 'ECONNREFUSED' });
    const error = Object.assign(new TypeError('boom', { cause }), { request: { password: 'hunter2' } });

    log.event('unexpected', { error });

    expect(last()['error']).toMatchObject({
      name: 'TypeError',
      message: 'boom',
      stack: expect.arrayContaining([expect.stringMatching(/^at /)]),
      cause: { name: 'Error', code: 'ECONNREFUSED', message: expect.stringMatching(/for example\.org#[0-9a-f]{8}$/) },
    });
    expect(lines.join()).not.toContain('hunter2');
    expect(lines.join()).not.toContain('ada');
  });

  it('ends with causes that lead in a circle', () => {
    const { log, last } = prepare();
    const error = new Error('round');
    error.cause = error;

    log.event('unexpected', { error });

    expect(last()['error']).toMatchObject({ message: 'round', cause: { message: 'round' } });
  });

  it('does not quote text that was no JSON: it may be a secret', () => {
    const { log, lines, last } = prepare();
    let error: unknown;
    try {
      JSON.parse('password=hunter2');
    } catch (thrown) {
      error = thrown;
    }

    log.event('relay.unconfigured', { error });

    expect(last()['error']).toMatchObject({ name: 'SyntaxError', message: 'not valid JSON' });
    expect(lines.join()).not.toMatch(/passw|hunter2/);
  });

  it('says of a thrown value that is no error only what type it has', () => {
    const { log, last } = prepare();

    log.event('unexpected', { error: 'password hunter2' });

    expect(last()['error']).toEqual({ name: 'NotAnError', message: 'string' });
  });

  it('does not fail a mail whose line cannot be written', () => {
    const log = createLog({
      stage: 'test',
      clock: { now: () => now },
      write: () => {
        throw new Error('write EPIPE');
      },
    });

    expect(() => log.event('mail.attempt')).not.toThrow();
  });

  it('writes exactly one line, also by the rules of readers that split at more than LF, and gives texts back whole', () => {
    const { lines, log } = prepare();
    const text = fc.string({ unit: 'binary', maxLength: 200 }).filter((value) => !/[@%]|AUTH|Bearer/i.test(value));
    const breaks = fc.constantFrom('\r\n', '\n', '\u0085', '\u2028', '\u2029', '\u001b[2K', '"}\n{"level":"INFO"');
    fc.assert(
      fc.property(text, breaks, text, (before, separator, after) => {
        const reply = `${before}${separator}${after}`;

        log.event('relay.fault', { key: reply, reply, tags: { [reply]: reply } });

        const line = lines.at(-1) ?? '';
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(JSON.parse(line)).toMatchObject({ event: 'relay.fault', key: reply, reply });
      }),
    );
  });

  it('lets no address through, in whatever field it stands', () => {
    const { lines, log } = prepare();
    fc.assert(
      fc.property(fc.emailAddress(), fc.string(), (address, noise) => {
        const text = `${noise} <${address}> ${noise}`;

        log.event('mail.dead-lettered', {
          key: `receipt/${address}`,
          reply: text,
          message: text,
          tags: { [address]: text },
          counts: { [address]: 1 },
          recipients: [{ address: log.address(address), outcome: 'refused', reply: text }],
          error: new Error(text, { cause: new Error(text) }),
        });

        expect(unescaped(lines.at(-1) ?? '')).not.toContain(address);
      }),
    );
  });

  it('describes every event', () => {
    for (const [code, { meaning }] of Object.entries(logEvents)) {
      expect(code).toMatch(/^[a-z]+(\.[a-z]+(-[a-z]+)*)?$/);
      expect(meaning.length).toBeGreaterThan(10);
    }
  });
});

/** Every string of a line, as a reader of the JSON would see it. */
function unescaped(line: string): string {
  const strings: string[] = [];
  JSON.parse(line, (name: string, value: unknown) => {
    strings.push(name, typeof value === 'string' ? value : '');
    return value;
  });
  return strings.join('\n');
}
