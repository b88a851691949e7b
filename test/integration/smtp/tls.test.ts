import { describe, expect, it } from 'vitest';
import type { RelayConnectionSettings } from '../../../lib/smtp/transport.ts';
import type { RelayOptions } from '../../support/scripted-relay.ts';
import { createCertificates } from '../../support/tls.ts';
import { settingsFor, start } from './rig.ts';

const certificates = await createCertificates();
const { ca, right, wrongName, expired, selfSigned, client } = certificates;
type Tls = NonNullable<RelayOptions['tls']>;

describe.each(['implicit', 'starttls'] as const)('TLS, %s', (mode) => {
  const startTls = (tls: Partial<Tls> = {}) => start({ tls: { mode, ...right, ...tls } });
  const settings = (relay: { port: number }, overrides: Partial<RelayConnectionSettings> = {}) =>
    settingsFor(relay, { tls: mode, ca, ...overrides });

  it.each(['127.0.0.1', 'localhost'])('delivers to a relay whose certificate names %s', async (host) => {
    const { relay, rig } = await startTls();
    expect((await rig.deliver(settings(relay, { host }))).accepted).toHaveLength(1);
    expect(relay.connections[0]?.tls?.protocol).toBe('TLSv1.3');
  });

  it.each<[string, Partial<Tls>, Partial<RelayConnectionSettings>, string]>([
    ['a wrong name', wrongName, {}, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['an expired certificate', expired, {}, 'CERT_HAS_EXPIRED'],
    ['a certificate signed by itself', selfSigned, {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['an authority that nobody named', right, { ca: selfSigned.cert }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['another name wanted', right, { servername: 'else.example' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['nothing newer than TLS 1.1', { maxVersion: 'TLSv1.1' }, {}, 'ERR_SSL'],
    ['a client certificate that is none', right, { clientCert: 'none', clientKey: 'none' }, 'ERR_OSSL'],
  ])('refuses %s and says which rule was broken', async (_what, tls, overrides, rule) => {
    const { relay, rig } = await startTls(tls);
    const failure = await rig.refusal(settings(relay, overrides));
    expect(failure).toMatchObject({ phase: 'tls', reused: false, error: { kind: 'tls' } });
    expect(failure.error?.message).toContain(rule);
    expect(failure.error?.message).not.toContain('\n');
    await relay.until(() => relay.openConnections() === 0);
  });

  it('logs in with PLAIN, whatever the relay lists first: the password is safe, and CRAM-MD5 often cannot be checked', async () => {
    const { relay, rig } = await start({ auth: ['CRAM-MD5', 'LOGIN', 'PLAIN'], tls: { mode, ...right } });
    const auth = { kind: 'password', username: 'user', password: 'secret' } as const;
    expect((await rig.deliver(settings(relay, { auth }))).accepted).toHaveLength(1);
    expect(relay.commands().filter((command) => command.startsWith('AUTH'))).toEqual([
      expect.stringMatching(/^AUTH PLAIN/),
    ]);
  });

  it('trusts a certificate signed by itself when it is the ca', async () => {
    const { relay, rig } = await startTls(selfSigned);
    expect((await rig.deliver(settings(relay, { ca: selfSigned.cert }))).accepted).toHaveLength(1);
  });

  it('takes the server name of the settings', async () => {
    const { relay, rig } = await startTls(wrongName);
    expect((await rig.deliver(settings(relay, { servername: 'other.example' }))).accepted).toHaveLength(1);
  });

  it('shows the client certificate, and fails without one', async () => {
    const { relay, rig } = await startTls({ clientCa: ca });
    const mutual = settings(relay, { clientCert: client.cert, clientKey: client.key });
    expect((await rig.deliver(mutual)).accepted).toHaveLength(1);
    expect(relay.connections[0]?.tls?.clientAuthorized).toBe(true);
    // In TLS 1.3 the client is through with the handshake when the server's refusal comes.
    const without = await rig.refusal(settings(relay, { version: 'v2' }));
    expect(without.error).toMatchObject({ kind: 'tls', message: expect.stringContaining('CERTIFICATE_REQUIRED') });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes the last session of the same settings (%s)', async (maxVersion) => {
    const { relay, rig } = await startTls({ maxVersion });
    await rig.deliver(settings(relay));
    (await rig.acquire(settings(relay), { fresh: true })).release();
    (await rig.acquire(settings(relay, { version: 'v2' }), { fresh: true })).release();
    expect(relay.connections.map(({ tls }) => [tls?.protocol, tls?.resumed])).toEqual([
      [maxVersion, false],
      [maxVersion, true],
      [maxVersion, false],
    ]);
  });
});

describe('STARTTLS', () => {
  const auth = { kind: 'password', username: 'user', password: 'secret' } as const;

  it.each<[string, RelayOptions]>([
    ['not offered', { auth: ['PLAIN'] }],
    ['stripped', { auth: ['PLAIN'], tls: { mode: 'starttls', ...right, stripped: true } }],
  ])('%s: nothing is sent in plaintext', async (_what, options) => {
    const { relay, rig } = await start(options);
    const failure = await rig.refusal(settingsFor(relay, { tls: 'starttls', ca, auth }));
    const error = { kind: 'tls', message: 'the relay does not offer STARTTLS' };
    expect(failure).toEqual({ phase: 'starttls', reused: false, error });
    expect(relay.commands()).toEqual(['EHLO [127.0.0.1]']);
  });

  it('ends when plaintext follows the go-ahead', async () => {
    const { relay, rig } = await start({ tls: { mode: 'starttls', ...right } });
    relay.script = { starttls: { reply: '220 go ahead\n250 injected' } };
    const failure = await rig.refusal(settingsFor(relay, { tls: 'starttls', ca }));
    expect(failure).toMatchObject({ phase: 'tls', error: { kind: 'protocol' } });
  });

  it('greets anew, and believes only what was offered over TLS', async () => {
    const { relay, rig } = await start({ tls: { mode: 'starttls', ...right }, auth: ['PLAIN'] });
    expect((await rig.deliver(settingsFor(relay, { tls: 'starttls', ca, auth }))).accepted).toHaveLength(1);
    expect(relay.commands().slice(0, 4)).toEqual([
      'EHLO [127.0.0.1]',
      'STARTTLS',
      'EHLO [127.0.0.1]',
      expect.stringMatching(/^AUTH PLAIN /),
    ]);
  });

  it('is not used when the settings say plaintext', async () => {
    const { relay, rig } = await start({ tls: { mode: 'starttls', ...right } });
    expect((await rig.deliver(settingsFor(relay, { ehloName: 'mail.example.com' }))).accepted).toHaveLength(1);
    expect(relay.commands()[0]).toBe('EHLO mail.example.com');
    expect(relay.connections[0]?.tls).toBeUndefined();
  });
});
