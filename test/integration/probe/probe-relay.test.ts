import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freshBreaker, type OpenBreaker } from '../../../lib/health/item.ts';
import type { TokenAnswer } from '../../../lib/relays/oauth2.ts';
import { createGate } from '../../support/credentials.ts';
import { createCertificates, type TestCertificates } from '../../support/tls.ts';
import {
  closedPort,
  createProber,
  movableClock,
  secretFor,
  startRelay,
  startSlowPath,
  withLogin,
  withToken,
} from './rig.ts';

let certificates: TestCertificates;
beforeAll(async () => {
  certificates = await createCertificates();
});

const phases = (report: { readonly phasesMs?: Readonly<Record<string, number>> }) =>
  Object.keys(report.phasesMs ?? {}).sort();

describe('a relay that is well', () => {
  it('is asked how it is and nothing more, and told goodbye', async () => {
    const relay = await startRelay();
    const report = await createProber({ secret: secretFor(relay.port) }).probe();

    expect(report).toMatchObject({ status: 'healthy', factor: 1, recent: ['fast'], version: 'v1' });
    expect(phases(report)).toEqual(['connect', 'ehlo', 'greeting', 'quit']);
    expect(report.latencyMs).toBeLessThan(5000);
    expect(relay.commands().map((line) => line.split(' ')[0])).toEqual(['EHLO', 'QUIT']);
    await relay.until(({ connections }) => connections[0]?.open === false);
  });

  it('has its name looked up, which is timed for itself', async () => {
    const relay = await startRelay();
    const prober = createProber({
      secret: secretFor(relay.port, { host: 'relay.example' }),
      lookup: (_name, _options, callback) => {
        setTimeout(() => callback(null, [{ address: '127.0.0.1', family: 4 }]), 60);
      },
    });
    const report = await prober.probe();
    expect(phases(report)).toContain('dns');
    expect(report.phasesMs?.['dns']).toBeGreaterThanOrEqual(50);
    expect(report.latencyMs).toBe((report.phasesMs?.['connect'] ?? 0) + (report.phasesMs?.['greeting'] ?? 0));
  });

  it.each(['implicit', 'starttls'] as const)('over %s TLS has the handshake timed', async (mode) => {
    const relay = await startRelay({ tls: { mode, ...certificates.right } });
    const report = await createProber({ secret: secretFor(relay.port, { tls: mode, ca: certificates.ca }) }).probe();
    expect(report.status).toBe('healthy');
    expect(phases(report)).toEqual([
      'connect',
      'ehlo',
      'greeting',
      'quit',
      ...(mode === 'starttls' ? ['starttls'] : []),
      'tls',
    ]);
    const { connect = 0, greeting = 0, tls = 0 } = report.phasesMs ?? {};
    expect(report.latencyMs).toBe(connect + greeting + tls);
  });

  it('does not lose its health for a farewell it does not answer', async () => {
    const relay = await startRelay({ script: { quit: 'stall' } });
    expect(await createProber({ secret: secretFor(relay.port) }).probe()).toMatchObject({ recent: ['fast'] });
    await relay.until(({ connections }) => connections[0]?.open === false);
  });
});

describe('a slow relay', () => {
  it('is degraded after two probes, and restored after three fast ones', async () => {
    const relay = await startRelay();
    const [slow, fast] = [await startSlowPath(relay.port, 300), relay.port];
    const clock = movableClock();
    const prober = createProber({ secret: secretFor(slow), degradedMs: 250, clock });

    const statuses = [];
    for (let probes = 0; probes < 2; probes += 1) statuses.push((await prober.probe()).status);
    expect(statuses).toEqual(['healthy', 'degraded']);
    expect(prober.item()?.probe).toMatchObject({ factor: 0.4, recent: ['slow', 'slow'] });
    expect(prober.item()?.probe?.latencyMs).toBeGreaterThanOrEqual(299);

    prober.secrets.put(secretFor(fast));
    clock.advance(60_000);
    for (let probes = 0; probes < 3; probes += 1) statuses.push((await prober.probe()).status);
    expect(statuses.slice(2)).toEqual(['degraded', 'degraded', 'healthy']);
  });
});

describe('a relay that would take no mail', () => {
  const failures = (port: number, secret: Record<string, unknown> = {}) =>
    createProber({ secret: secretFor(port, secret) });

  it('is offline after three probes that nobody answered, each bounded', async () => {
    const relay = await startRelay({ script: { greeting: 'stall' } });
    const prober = failures(relay.port);
    const reports = [];
    for (let probes = 0; probes < 3; probes += 1) reports.push(await prober.probe({ withinMs: 100 }));
    expect(reports.map(({ status }) => status)).toEqual(['healthy', 'healthy', 'offline']);
    expect(reports.at(-1)).toMatchObject({ factor: 0, cause: 'unreachable', recent: ['failed', 'failed', 'failed'] });
    expect(reports.at(-1)?.lastError).toMatch(/^greeting: no answer within \d+ ms$/);
    await relay.until(({ connections }) => connections.every(({ open }) => !open));
  });

  it('has a closed port', async () => {
    expect(await failures(await closedPort()).probe()).toMatchObject({
      recent: ['failed'],
      lastError: 'connect: ECONNREFUSED',
    });
  });

  it('has a name that does not resolve', async () => {
    const prober = createProber({
      secret: secretFor(25, { host: 'gone.example' }),
      lookup: (_name, _options, callback) => callback(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), ''),
    });
    const report = await prober.probe();
    expect(report.lastError).toMatch(/^dns: /);
    expect(phases(report)).toEqual(['dns']);
  });

  it('is a web server', async () => {
    const server = createHttpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    expect(await failures(port).probe({ withinMs: 300 })).toMatchObject({
      recent: ['failed'],
      lastError: expect.stringMatching(/^greeting: /),
    });
  });

  it.each([
    ['refuses at the greeting', { greeting: { reply: '554 5.7.1 go away' } }, 'greeting: 554 go away'],
    ['speaks no SMTP', { greeting: 'garbage' }, 'greeting: a line that is no SMTP reply'],
    ['refuses EHLO', { ehlo: { reply: '550 no' } }, 'ehlo: 550 no'],
    ['hangs up', { greeting: 'close' }, 'greeting: connection closed by the relay'],
  ] as const)('%s', async (_, script, lastError) => {
    const relay = await startRelay({ script });
    expect(await failures(relay.port).probe()).toMatchObject({ recent: ['failed'], lastError });
  });

  it.each([
    ['of another name', 'wrongName'],
    ['that has ended', 'expired'],
    ['signed by itself', 'selfSigned'],
  ] as const)('has a certificate %s', async (_, which) => {
    const relay = await startRelay({ tls: { mode: 'starttls', ...certificates[which] } });
    const secret = { tls: 'starttls', ca: certificates.ca };
    const report = await failures(relay.port, secret).probe();
    expect(report).toMatchObject({ recent: ['failed'], lastError: expect.stringMatching(/^tls: /) });
  });

  it('offers no STARTTLS any more', async () => {
    const relay = await startRelay({ tls: { mode: 'starttls', ...certificates.right, stripped: true } });
    const report = await failures(relay.port, { tls: 'starttls', ca: certificates.ca }).probe();
    expect(report.lastError).toBe('starttls: the relay does not offer STARTTLS');
  });
});

it('a relay that asks for patience is not unwell', async () => {
  const relay = await startRelay({ script: { greeting: { reply: '421 4.7.0 too many connections from you' } } });
  const prober = createProber({ secret: secretFor(relay.port) });
  for (let probes = 0; probes < 4; probes += 1) expect(await prober.probe()).toMatchObject({ status: 'healthy' });
  expect(prober.item()?.probe).not.toHaveProperty('recent');
});

describe('the login', () => {
  const auth = ['PLAIN'] as const;
  const logins = (commands: readonly string[]) => commands.filter((line) => line.startsWith('AUTH')).length;

  it('is tried at first, then once per interval, and for a new secret version', async () => {
    const relay = await startRelay({ auth });
    const clock = movableClock();
    const prober = createProber({ secret: secretFor(relay.port, withLogin), clock });
    await prober.probe();
    await prober.probe();
    expect(logins(relay.commands())).toBe(1);
    clock.advance(3_600_000);
    await prober.probe();
    await prober.probe();
    expect(logins(relay.commands())).toBe(2);
    prober.secrets.put(secretFor(relay.port, withLogin));
    clock.advance(60_000);
    await prober.probe();
    expect(logins(relay.commands())).toBe(3);
    expect(prober.item()?.probe?.login).toMatchObject({ version: 'v2', accepted: true });
  });

  it('that is refused makes the relay offline, and is not repeated for half an hour', async () => {
    const relay = await startRelay({ auth });
    const clock = movableClock();
    const prober = createProber({ secret: secretFor(relay.port, { ...withLogin, password: 'wrong' }), clock });
    for (let probes = 0; probes < 3; probes += 1) {
      expect(await prober.probe()).toMatchObject({ status: 'offline', cause: 'login-refused', factor: 0 });
      clock.advance(15_000);
    }
    expect(logins(relay.commands())).toBe(1);
    clock.advance(3_600_000);
    expect(await prober.probe()).toMatchObject({ cause: 'login-refused' });
    expect(logins(relay.commands())).toBe(2);
  });

  it('that is refused is tried again after half an hour, though the interval is longer', async () => {
    const relay = await startRelay({ auth });
    const clock = movableClock();
    const prober = createProber({ secret: secretFor(relay.port, { ...withLogin, password: 'wrong' }), clock });
    await prober.probe();
    clock.advance(30 * 60_000 - 5000);
    await prober.probe();
    expect(logins(relay.commands())).toBe(1);
    clock.advance(5000);
    await prober.probe();
    expect(logins(relay.commands())).toBe(2);
  });

  it.each([
    ['454 4.7.0 Too many login attempts, please try again later.', 'healthy'],
    ['554 5.7.0 Account disabled', 'offline'],
  ])('that is answered by "%s" is repeated ever more rarely, but at once with a new secret', async (reply, status) => {
    const relay = await startRelay({ auth, script: { auth: { reply } } });
    const clock = movableClock();
    const prober = createProber({ secret: secretFor(relay.port, withLogin), clock });
    const loginsAfter: number[] = [];
    for (let probes = 0; probes < 128; probes += 1) {
      await prober.probe();
      loginsAfter.push(logins(relay.commands()));
      clock.advance(15_000);
    }
    expect([3, 5, 13, 29, 61, 127].map((probes) => loginsAfter[probes])).toEqual([1, 2, 3, 4, 5, 6]);
    expect(prober.item()?.probe?.status).toBe(status);

    relay.script = {};
    prober.secrets.put(secretFor(relay.port, withLogin));
    clock.advance(60_000);
    await prober.probe();
    expect(await prober.probe()).toMatchObject({ status: 'healthy', login: { version: 'v2', accepted: true } });
    expect(prober.item()?.probe).not.toHaveProperty('unclearLogin');
  });

  it('that is refused while a rotation is under way succeeds with the other version in the same probe', async () => {
    const relay = await startRelay({ auth });
    const prober = createProber({ secret: secretFor(relay.port, withLogin) });
    prober.secrets.put(secretFor(relay.port, { ...withLogin, password: 'not yet' }));
    expect(await prober.probe()).toMatchObject({ status: 'healthy', login: { version: 'v1', accepted: true } });
  });

  it('with a new secret closes the breaker that the old one opened, though no mail flows', async () => {
    const relay = await startRelay({ auth });
    const clock = movableClock();
    const prober = createProber({ secret: secretFor(relay.port, { ...withLogin, password: 'wrong' }), clock });
    await prober.probe();
    const breaker: OpenBreaker = {
      state: 'open',
      reason: 'credentials',
      rule: 'login-refused',
      openedAt: clock.now(),
      reopensAt: clock.now() + 1_800_000,
      coolDownMs: 1_800_000,
      rejections: [],
      refusedVersions: ['v1'],
    };
    const item = prober.item() ?? expect.fail('no item');
    prober.store.items.set('primary', { ...item, revision: 'mail', breaker });
    clock.advance(15_000);
    await prober.probe();
    expect(prober.item()?.breaker.state).toBe('open');
    prober.secrets.put(secretFor(relay.port, withLogin));
    clock.advance(60_000);
    expect(await prober.probe()).toMatchObject({ status: 'healthy', factor: 1 });
    expect(prober.item()?.breaker).toMatchObject({ state: 'closed' });
  });
});

describe('a relay whose token endpoint', () => {
  const token = { ok: true, accessToken: 'secret', lifetimeMs: 3_600_000 } as const;

  it.each([
    ['refuses the secret is offline at once', true, ['offline', 'offline', 'offline'], 'login-refused'],
    ['is down is offline after three probes', false, ['healthy', 'healthy', 'offline'], 'unreachable'],
  ])('%s, and back once it gives a token', async (_, rejected, statuses, cause) => {
    const relay = await startRelay({ auth: ['XOAUTH2'] });
    const clock = movableClock();
    let answer: TokenAnswer = { ok: false, rejected, message: 'the token endpoint says no' };
    const prober = createProber({
      secret: secretFor(relay.port, withToken),
      clock,
      fetchToken: async () => answer,
    });
    for (const status of statuses) {
      expect(await prober.probe()).toMatchObject({ status, lastError: 'credentials: the token endpoint says no' });
      clock.advance(15_000);
    }
    expect(prober.item()?.probe?.cause).toBe(cause);
    expect(relay.commands()).toEqual([]);

    answer = token;
    clock.advance(5 * 60_000);
    await prober.probe();
    expect(await prober.probe()).toMatchObject({ status: 'healthy', login: { accepted: true } });
  });
});

describe('a relay without usable credentials', () => {
  it.each([
    ['no value', undefined],
    ['a placeholder', secretFor(25, { host: 'CHANGE_ME' })],
    ['no JSON', 'smtp://user@host'],
  ])('has %s: offline at once', async (_, secret) => {
    const prober = createProber(secret === undefined ? {} : { secret });
    expect(await prober.probe()).toMatchObject({ status: 'offline', cause: 'unconfigured', factor: 0 });
  });

  it('is back with the first probe after they were filled in', async () => {
    const relay = await startRelay();
    const clock = movableClock();
    const prober = createProber({ clock });
    await prober.probe();
    prober.secrets.put(secretFor(relay.port));
    clock.advance(15_000);
    expect(await prober.probe()).toMatchObject({ status: 'healthy', factor: 1 });
  });

  it('that cannot be read for now keeps what was known of it', async () => {
    const prober = createProber({});
    prober.secrets.answer = { kind: 'away', reason: 'Secrets Manager did not answer in time' };
    const report = await prober.probe();
    expect(report).toMatchObject({ status: 'healthy', lastError: expect.stringContaining('Secrets Manager') });
    expect(report.validUntil).toBe(report.at);
  });
});

describe('what senders write meanwhile', () => {
  it('is kept', async () => {
    const relay = await startRelay();
    const gate = createGate();
    const prober = createProber({ secret: secretFor(relay.port) });
    prober.secrets.gate = gate.opened;
    const probing = prober.probe();
    const breaker = { ...freshBreaker, faults: 2, faultAt: Date.now() };
    const override = { mode: 'draining', setAt: 1 } as const;
    prober.store.items.set('primary', { relay: 'primary', revision: 'x', changedAt: 1, breaker, override });
    gate.open();
    await probing;
    expect(prober.item()).toMatchObject({ breaker, override, probe: { status: 'healthy' } });
    expect(prober.events).toMatchObject([{ type: 'probed', before: { revision: 'x' } }]);
  });

  it('again and again makes the probe give up', async () => {
    const relay = await startRelay();
    const prober = createProber({ secret: secretFor(relay.port) });
    const { write } = prober.store;
    prober.store.write = async (next, expected) => {
      prober.store.items.set('primary', { ...next, revision: `${Math.random()}` });
      return write(next, expected);
    };
    await expect(prober.probe()).rejects.toThrow('changed 10 times');
  });
});
