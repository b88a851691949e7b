import { Resolver } from 'node:dns/promises';
import type { Answer } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { createReturnPathCheck } from '../../../lib/bounce/return-path.ts';
import { checkTimeoutMs, resolverOptions } from '../../../lib/bounce/system-resolver.ts';
import { type DnsServer, startDnsServer, type Zone } from '../../support/dns-server.ts';

const mx = (name: string, exchange: string, preference = 10): Answer => ({
  type: 'MX',
  name,
  ttl: 60,
  data: { preference, exchange },
});
const a = (name: string): Answer => ({ type: 'A', name, ttl: 60, data: '192.0.2.1' });
const aaaa = (name: string): Answer => ({ type: 'AAAA', name, ttl: 60, data: '2001:db8::1' });
const cname = (name: string, data: string): Answer => ({ type: 'CNAME', name, ttl: 60, data });

const zone: Zone = {
  'mx.example': [mx('mx.example', 'mail.mx.example')],
  'a.example': [a('a.example')],
  'aaaa.example': [aaaa('aaaa.example')],
  'null.example': [mx('null.example', '.', 0), a('null.example')],
  'empty.example': [{ type: 'TXT', name: 'empty.example', ttl: 60, data: 'nothing here' }],
  'broken.example': 'SERVFAIL',
  'slow.example': 'silent',
  'alias.example': [cname('alias.example', 'alias2.example')],
  'alias2.example': [cname('alias2.example', 'mx.example')],
  'alias-to-a.example': [cname('alias-to-a.example', 'a.example')],
  'alias-to-null.example': [cname('alias-to-null.example', 'null.example')],
  'alias-to-nowhere.example': [cname('alias-to-nowhere.example', 'gone.example')],
  'xn--bcher-kva.example': [mx('xn--bcher-kva.example', 'mail.example')],
};

const started: DnsServer[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) await server.close();
});

async function aCheck(served: Zone = zone, timeoutMs = 2000) {
  const server = await startDnsServer(served);
  started.push(server);
  let now = 0;
  const check = createReturnPathCheck({
    openResolver: () => {
      const resolver = new Resolver({ timeout: 300, tries: 1 });
      resolver.setServers([server.address]);
      return resolver;
    },
    clock: { now: () => now },
    timeoutMs,
  });
  return { check, queries: server.queries, pass: (ms: number) => (now += ms) };
}

describe('the domain of a return path', () => {
  it.each([
    ['mx.example', 'valid'],
    ['MX.Example', 'valid'],
    ['a.example', 'valid'],
    ['aaaa.example', 'valid'],
    ['alias.example', 'valid'],
    ['alias-to-a.example', 'valid'],
    ['bücher.example', 'valid'],
    ['xn--bcher-kva.example', 'valid'],
    ['[192.0.2.1]', 'valid'],
  ])('%s is %s', async (domain, kind) => {
    const { check } = await aCheck();

    expect(await check(domain)).toEqual({ kind });
  });

  it.each([
    ['null.example', /null MX/],
    ['alias-to-null.example', /null MX/],
    ['gone.example', /does not exist/],
    ['empty.example', /neither MX nor address/],
    ['alias-to-nowhere.example', /neither MX nor address|does not exist/],
    ['no domain', /not a domain name/],
  ])('%s is invalid: %s', async (domain, reason) => {
    const { check } = await aCheck();

    expect(await check(domain)).toEqual({ kind: 'invalid', reason: expect.stringMatching(reason) });
  });

  it.each([
    ['broken.example', /ESERVFAIL/],
    ['slow.example', /ETIMEOUT/],
  ])('%s is unknown: %s', async (domain, reason) => {
    const { check } = await aCheck();

    expect(await check(domain)).toEqual({ kind: 'unknown', reason: expect.stringMatching(reason) });
  });

  it('is unknown when nobody listens at the name server', async () => {
    const { check } = await aCheck();
    await started.pop()?.close();

    expect(await check('mx.example')).toMatchObject({ kind: 'unknown' });
  });

  it('is unknown when the whole check takes too long, and leaves no query behind', async () => {
    const { check } = await aCheck(zone, 50);

    expect(await check('slow.example')).toEqual({ kind: 'unknown', reason: 'DNS did not answer in time' });
  });
});

describe('two name servers, the first of them silent', () => {
  it.each([
    ['mx.example', 'valid'],
    ['a.example', 'valid'],
    ['null.example', 'invalid'],
    ['gone.example', 'invalid'],
  ])('give the same verdict about %s: %s', async (domain, kind) => {
    const silent = await startDnsServer(
      Object.fromEntries([...Object.keys(zone), domain].map((name) => [name, 'silent'])),
    );
    const sound = await startDnsServer(zone);
    started.push(silent, sound);
    const check = createReturnPathCheck({
      openResolver: () => {
        const resolver = new Resolver(resolverOptions);
        resolver.setServers([silent.address, sound.address]);
        return resolver;
      },
      clock: { now: () => 0 },
      timeoutMs: checkTimeoutMs,
    });

    expect(await check(domain)).toMatchObject({ kind });
    expect(silent.queries).not.toEqual([]);
  });
});

describe('verdicts', () => {
  it('are kept: one query for many bounces, also for those that ask at the same time', async () => {
    const { check, queries } = await aCheck();

    await Promise.all([check('mx.example'), check('mx.example')]);
    await check('MX.example');

    expect(queries).toEqual(['MX mx.example']);
  });

  it('end: valid ones after ten minutes, invalid ones after five', async () => {
    const { check, queries, pass } = await aCheck();

    await check('mx.example');
    await check('gone.example');
    pass(300_000);
    await check('mx.example');
    await check('gone.example');
    pass(300_000);
    await check('mx.example');

    expect(queries).toEqual(['MX mx.example', 'MX gone.example', 'MX gone.example', 'MX mx.example']);
  });

  it('are not kept when nothing was learnt', async () => {
    const { check, queries } = await aCheck();

    await check('broken.example');
    await check('broken.example');

    expect(queries).toEqual(['MX broken.example', 'MX broken.example']);
  });

  it('are at most a thousand: the oldest goes first', async () => {
    const { check, queries } = await aCheck();

    await check('mx.example');
    for (let index = 0; index < 1000; index += 1) await check(`d${index}.example`);
    await check('mx.example');

    expect(queries.filter((query) => query === 'MX mx.example')).toHaveLength(2);
    expect(queries).toHaveLength(1002);
  });
});
