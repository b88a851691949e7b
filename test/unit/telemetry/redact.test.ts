import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedaction } from '../../../lib/telemetry/redact.ts';

const redaction = createRedaction('test');
const redacted = /^[^@\s]+#[0-9a-f]{8}$/;

describe('redaction of a known address', () => {
  it('keeps the domain and a short hash', () => {
    expect(redaction.address('ada@Example.org')).toMatch(/^example\.org#[0-9a-f]{8}$/);
  });

  it('is the same for the same mailbox, and only within a stage', () => {
    expect(redaction.address('ada@EXAMPLE.org')).toBe(redaction.address('ada@example.org'));
    expect(redaction.address('Ada@example.org')).not.toBe(redaction.address('ada@example.org'));
    expect(createRedaction('prod').address('ada@example.org')).not.toBe(redaction.address('ada@example.org'));
  });

  it('shows nothing of what has no domain', () => {
    expect(redaction.address('postmaster')).toMatch(/^#[0-9a-f]{8}$/);
  });
});

describe('redaction of text', () => {
  const ada = redaction.address('ada@example.org');

  it.each([
    ['550 5.1.1 <ada@example.org>: Recipient address rejected', `550 5.1.1 <${ada}>: Recipient address rejected`],
    ['mailbox full: ada@example.org.', `mailbox full: ${ada}.`],
    ['no route (ada@Example.ORG), sorry', `no route (${ada}), sorry`],
    ['rfc822;ada@example.org', `rfc822;${ada}`],
    ['nothing to hide here', 'nothing to hide here'],
    ['5.7.8 AUTH PLAIN authentication failed', '5.7.8 AUTH PLAIN authentication failed'],
    ['AUTH LOGIN Required, or disabled', 'AUTH LOGIN Required, or disabled'],
  ])('%s', (text, expected) => {
    expect(redaction.text(text)).toBe(expected);
  });

  it.each([
    ['quoted local part', 'unknown user "ada lovelace"@example.org here', 'lovelace'],
    ['quoted local part with an @', '<"ada@home"@example.org> unknown', 'home'],
    ['quoted local part with an escaped quote', '<"a\\"love"@example.org> unknown', 'love'],
    ['internationalised', 'user пётр@пример.рф unknown', 'пётр'],
    ['address literal', 'to <ada@[192.0.2.1]> refused', 'ada'],
    ['variable envelope return path', '<bounces+ada=example.org@lists.example> refused', 'ada'],
    ['URL-encoded', 'see https://spf.example/why?id=ada%40example.org&ip=192.0.2.1', 'ada'],
    ['echoed AUTH', '504 unrecognized: AUTH PLAIN AGFkYQBzZWNyZXRzZWNyZXQ=', 'AGFk'],
    ['echoed AUTH of a short password', '504 unrecognized: AUTH PLAIN AGZvbwBiYXI=', 'AGZv'],
    ['echoed AUTH on two lines', 'AUTH LOGIN\r\ndXNlcm5hbWU=', 'dXNl'],
    ['echoed dialogue', 'AUTH LOGIN\r\n334 VXNlcm5hbWU6\r\ndXNlcg==\r\n334 UGFzc3dvcmQ6\r\nc2VjcmV0', 'c2Vj'],
    ['echoed bearer token', 'invalid: Bearer ya29.a0AfH6SMBx-long_token', 'ya29'],
  ])('hides %s', (_title, text, secret) => {
    expect(redaction.text(text)).not.toContain(secret);
  });

  it('leaves no address in any text around it', () => {
    fc.assert(
      fc.property(fc.emailAddress(), fc.string({ unit: 'grapheme' }), fc.string(), (address, before, after) => {
        expect(redaction.text(`${before}<${address}>${after}`)).not.toContain(address);
        expect(redaction.text(`${before}${address} ${after}`)).not.toContain(address);
      }),
    );
  });

  it('finds the same mailbox in a reply as in the envelope', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (address) => {
        expect(redaction.text(`<${address}>: unknown user`)).toBe(`<${redaction.address(address)}>: unknown user`);
        expect(redaction.address(address)).toMatch(redacted);
      }),
    );
  });

  it('cuts long text, and an address at the cut with it', () => {
    const long = redaction.text(`${'x '.repeat(4_090)}ada.lovelace@example.org`);

    expect(long.length).toBeLessThanOrEqual(2_049);
    expect(redaction.text(`${'@ '.repeat(4_090)}ada.lovelace@example.org`)).not.toContain('ada');
  });

  it('is quick with hostile text', () => {
    const hostile = ['a'.repeat(8_192), '"'.repeat(8_191), '"\\'.repeat(4_096), 'a@'.repeat(4_096), '@'.repeat(8_192)];
    const started = process.cpuUsage();

    for (const text of hostile) redaction.text(`${text}!`);

    const { user } = process.cpuUsage(started);
    expect(user / 1_000).toBeLessThan(500);
  });
});
