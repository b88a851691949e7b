import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { domainOf, normaliseDomain, parseAddress, parseMailbox } from '../../../lib/intake/addresses.ts';
import { aMessage, readMail } from './intake-factory.ts';

const value = (text: string) => {
  const parsed = parseMailbox(text);
  return parsed.ok ? parsed.value : parsed.rule;
};

describe('addresses', () => {
  it.each([
    ['ada@example.org', 'ada@example.org'],
    ['Ada.Lovelace+tag@EXAMPLE.Org', 'Ada.Lovelace+tag@example.org'],
    ['ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
    ['ada@例え。jp', 'ada@xn--r8jz45g.jp'],
    ['jörg@bücher.example', 'jörg@xn--bcher-kva.example'],
    ['"john doe"@example.org', '"john doe"@example.org'],
    ['"a@b"@EXAMPLE.org', '"a@b"@example.org'],
    ['"a\\"b"@example.org', '"a\\"b"@example.org'],
    ['ada@[192.0.2.1]', 'ada@[192.0.2.1]'],
    ['"x@["@[192.0.2.1]', '"x@["@[192.0.2.1]'],
    ['ada@[IPv6:2001:DB8::1]', 'ada@[IPv6:2001:db8::1]'],
    ['ada@localhost', 'ada@localhost'],
    [`${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`],
  ])('normalises %s to %s', (text, address) => {
    expect(parseAddress(text)).toEqual({ ok: true, value: address });
  });

  it.each([
    '',
    'ada',
    '@example.org',
    'ada@',
    'ada@@example.org',
    'a@b@example.org',
    'john doe@example.org',
    'john..doe@example.org',
    '.ada@example.org',
    'ada@example..org',
    'ada@example.org.',
    'ada@-example.org',
    'ada@exa_mple.org',
    'ada@ex%61mple.org',
    'ada@example.org:25',
    'ada@example.org/x',
    'ada@127.1',
    'ada@1.2.3.4',
    'ada@[300.0.0.1]',
    'ada@[example.org]',
    'ada@[IPv6:nonsense]',
    '<ada@example.org>',
    `${'a'.repeat(65)}@example.org`,
    `${'ä'.repeat(33)}@example.org`,
    `ada@${'a.'.repeat(130)}org`,
    `ada@${'a'.repeat(64)}.org`,
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toMatchObject({ ok: false });
  });

  it.each([
    ['Example Shop <shop@example.com>', { name: 'Example Shop', address: 'shop@example.com' }],
    ['"Shop, the" <shop@example.com>', { name: 'Shop, the', address: 'shop@example.com' }],
    ['Ädä <ada@example.org>', { name: 'Ädä', address: 'ada@example.org' }],
    ['<ada@example.org>', { name: '', address: 'ada@example.org' }],
    ['Ada <"a b"@example.org>', { name: 'Ada', address: '"a b"@example.org' }],
  ])('takes the mailbox %s apart', (text, mailbox) => {
    expect(value(text)).toEqual(mailbox);
  });

  it.each([
    'ada@example.org, bob@example.org',
    'Ada <ada@example.org>, Bob <bob@example.org>',
    'friends: <ada@example.org>',
    'Ada <ada@example.org> junk',
    'Ada <ada@example.org',
    'Ada <<ada@example.org>>',
    '<>',
    'Ada <>',
  ])('finds no single mailbox in %s', (text) => {
    expect(parseMailbox(text)).toMatchObject({ ok: false });
  });
});

const label = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9]{0,8}$/);
const domain = fc.tuple(label, label).map((labels) => labels.join('.'));
const local = fc.oneof(
  fc.stringMatching(/^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,12}$/),
  fc.stringMatching(/^"[a-zA-Z @,;:<>()[\].]{1,12}"$/),
);

describe('properties of addresses', () => {
  it('normalising twice changes nothing more', () => {
    fc.assert(
      fc.property(local, domain, (user, host) => {
        const once = parseAddress(`${user}@${host}`);
        expect(once.ok && parseAddress(once.value)).toEqual(once);
      }),
    );
  });

  it('the local part stays as it was, the domain becomes lower case', () => {
    fc.assert(
      fc.property(local, domain, (user, host) => {
        expect(parseAddress(`${user}@${host}`)).toEqual({ ok: true, value: `${user}@${host.toLowerCase()}` });
      }),
    );
  });

  it('a display name never changes which address is meant', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), local, domain, (name, user, host) => {
        const parsed = parseMailbox(`${name} <${user}@${host}>`);
        expect(parsed.ok ? parsed.value.address : `${user}@${host.toLowerCase()}`).toBe(
          `${user}@${host.toLowerCase()}`,
        );
      }),
    );
  });

  it('what is accepted holds nothing that could end a line or a command', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const parsed = parseAddress(`${text}@example.org`);
        if (parsed.ok) expect(parsed.value).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
      { numRuns: 500 },
    );
  });

  it('a domain is of letters, digits, hyphens and dots, or is none', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        expect(normaliseDomain(text) ?? 'none').toMatch(/^[a-z0-9.-]+$|^\[/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('recipients', () => {
  it('stand in the envelope once, in order, told apart by the case of the local part only', () => {
    const to = ['Ada@example.org', 'bob@example.org', 'Ada@EXAMPLE.org'];
    const { envelope } = readMail(
      aMessage({ to, cc: ['ada@example.org'], bcc: ['Bob <bob@Example.org>', 'eve@example.org'] }),
    );
    expect(envelope.to).toEqual(['Ada@example.org', 'bob@example.org', 'ada@example.org', 'eve@example.org']);
  });

  it('are those of the envelope when it names any', () => {
    const { envelope } = readMail(
      aMessage({ envelope: { from: 'bounces@example.com', to: ['x@Example.org', 'x@example.org'] } }),
    );
    expect(envelope).toEqual({ from: 'bounces@example.com', to: ['x@example.org'] });
  });

  it('are deduplicated whatever the case of their domains', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(local, domain), { minLength: 1, maxLength: 50 }), (pairs) => {
        const to = pairs.flatMap(([user, host]) => [`${user}@${host}`, `${user}@${host.toUpperCase()}`]);
        const envelope = readMail(aMessage({ to: to.slice(0, 100) })).envelope.to;
        expect(new Set(envelope).size).toBe(envelope.length);
        expect(envelope.every((address) => domainOf(address) === domainOf(address).toLowerCase())).toBe(true);
        expect(envelope).toEqual([...new Set(pairs.map(([user, host]) => `${user}@${host.toLowerCase()}`))]);
      }),
    );
  });
});
