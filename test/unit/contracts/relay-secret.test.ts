import fc from 'fast-check';
import { generate } from 'selfsigned';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseRelaySecret } from '../../../lib/contracts/relay-secret.ts';
import { relaySecretOf } from '../../support/credentials.ts';

const oauth2 = {
  tokenUrl: 'https://login.example.net/token',
  clientId: 'client',
  clientSecret: 'cl13nt-s3cret',
  scope: 'https://outlook.office365.com/.default',
  user: 'shop@example.com',
};
const withoutPassword = { username: undefined, password: undefined };

function errorsOf(overrides: Record<string, unknown>, allowPlaintext = false): readonly string[] {
  const result = parseRelaySecret(relaySecretOf(overrides), allowPlaintext);
  return result.ok ? [] : result.errors.map(({ field, rule }) => `${field}: ${rule}`);
}

let pem: { readonly cert: string; readonly private: string };
let other: typeof pem;
beforeAll(async () => {
  pem = await generate([{ name: 'commonName', value: 'relay.example.net' }]);
  other = await generate([{ name: 'commonName', value: 'other.example.net' }]);
});

describe('a valid secret', () => {
  it.each([
    ['with a password', {}],
    ['without login', withoutPassword],
    ['with OAuth 2.0', { ...withoutPassword, oauth2 }],
    [
      'with a token endpoint on this machine',
      { ...withoutPassword, oauth2: { ...oauth2, tokenUrl: 'http://127.0.0.1:8/t' } },
    ],
    ['with an IPv4 address', { host: '192.0.2.1' }],
    ['with an IPv6 address', { host: '2001:db8::1' }],
    ['with a one-word host', { host: 'localhost' }],
    ['on port 25, which preflight judges', { port: 25 }],
    ['with a login method', { authMethod: 'CRAM-MD5' }],
    ['with an address literal for EHLO', { ehloName: '[192.0.2.1]' }],
    ['with a password that only looks odd', { password: ' <a9>…"\\\'' }],
  ])('%s is accepted', (_name, overrides) => {
    expect(errorsOf(overrides)).toEqual([]);
  });

  it('may carry certificates, as a bundle with comments too', () => {
    const overrides = { ca: `# root\n${pem.cert}\n${other.cert}`, clientCert: pem.cert, clientKey: pem.private };
    expect(errorsOf(overrides)).toEqual([]);
  });

  it('reads a port that the console wrote as a string', () => {
    const result = parseRelaySecret(relaySecretOf({ port: '465' }), false);
    expect(result.ok && result.secret.port).toBe(465);
  });

  it('may do without TLS where the stage config allows plaintext', () => {
    expect(errorsOf({ tls: 'none' }, true)).toEqual([]);
  });
});

describe('an invalid secret names field and rule', () => {
  it.each([
    [{ host: undefined }, 'host: is required'],
    [{ port: undefined }, 'port: is required'],
    [{ tls: undefined }, 'tls: is required'],
    [{ host: 'smtp.example.net:587' }, /^host: must be a DNS name/],
    [{ host: 'smtp example' }, /^host: must be/],
    [{ host: 'smtp.example.net\r\n' }, /^host: must be/],
    [{ host: '[::1]' }, /^host: must be/],
    [{ host: '300.1.1.1' }, /^host: must be/],
    [{ host: 7 }, 'host: must be a string'],
    [{ port: 0 }, /^port: must be a number from 1 to 65535/],
    [{ port: 65_536 }, /^port: must be/],
    [{ port: 587.5 }, /^port: must be/],
    [{ port: '587 ' }, /^port: must be/],
    [{ port: true }, /^port: must be/],
    [{ tls: 'optional' }, /^tls: must be "implicit"/],
    [{ tls: 'none' }, /^tls: may be "none" only/],
    [{ password: undefined }, 'password: is required with username'],
    [{ username: undefined }, 'username: is required with password'],
    [{ username: 'a\r\nRSET' }, 'username: must hold no CR, LF or NUL'],
    [{ password: 'a\0b' }, 'password: must hold no CR, LF or NUL'],
    [{ oauth2 }, 'oauth2: excludes username and password'],
    [{ ...withoutPassword, oauth2: { ...oauth2, user: undefined } }, 'oauth2.user: is required'],
    [{ ...withoutPassword, oauth2: { ...oauth2, user: 'a\u0001auth=' } }, /^oauth2.user: must hold no control/],
    [
      { ...withoutPassword, oauth2: { ...oauth2, tokenUrl: 'http://login.example.net' } },
      /^oauth2.tokenUrl: must be an https/,
    ],
    [{ ...withoutPassword, oauth2: { ...oauth2, tokenUrl: 'https://u:p@login.example.net' } }, /^oauth2.tokenUrl/],
    [{ ...withoutPassword, oauth2: 'text' }, 'oauth2: must be an object'],
    [{ ...withoutPassword, authMethod: 'PLAIN' }, 'authMethod: needs username and password'],
    [{ authMethod: 'NTLM' }, /^authMethod: must be/],
    [{ ca: 'not a certificate' }, /^ca: must be certificates/],
    [{ ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }, /^ca: must be certificates/],
    [
      { clientKey: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' },
      /^clientKey: must be an unencrypted/,
    ],
    [{ servername: '192.0.2.1' }, 'servername: must be a DNS name'],
    [{ ehloName: 'mail.example.com\r\nRSET' }, /^ehloName: must be/],
    [{ hsot: 'typo' }, 'hsot: is not a known field'],
    [{ ['__proto__x']: 1 }, '__proto__x: is not a known field'],
  ])('%j', (overrides, expected) => {
    const errors = errorsOf(overrides);
    expect(errors).toHaveLength(1);
    if (typeof expected === 'string') expect(errors).toEqual([expected]);
    else expect(errors[0]).toMatch(expected);
  });

  it('wants client certificate and key together, and of one pair', () => {
    expect(errorsOf({ clientCert: pem.cert })).toEqual(['clientKey: is required with clientCert']);
    expect(errorsOf({ clientKey: pem.private })).toEqual(['clientCert: is required with clientKey']);
    expect(errorsOf({ clientCert: other.cert, clientKey: pem.private })).toEqual([
      'clientKey: does not belong to clientCert',
    ]);
    expect(errorsOf({ ca: pem.cert.replaceAll('\n', ' ').replace('-----END', 'x') })).toHaveLength(1);
  });

  it.each(['hunter2', '{"host":', '[1]', '7'])('text that is no object is refused: %s', (text) => {
    const result = parseRelaySecret(text, false);
    expect(result).toMatchObject({ ok: false, placeholder: false });
  });
});

describe('a placeholder is called one', () => {
  it.each(['', '  ', '{}', 'null', '""', 'CHANGE_ME', '"changeme"', 'TODO', '{"oauth2":{}}'])(
    'as a whole: %j',
    (text) => {
      const result = parseRelaySecret(text, false);
      expect(result).toMatchObject({ ok: false, placeholder: true });
      expect(result.ok || result.reason).toMatch(/not filled in/);
    },
  );

  it.each([
    'CHANGE_ME',
    'changeme',
    'Change-Me',
    'placeholder',
    '<host>',
    '<your password>',
    'TODO',
    'tbd',
    '…',
    '...',
    'xxx',
    '',
  ])('as a value: %j', (value) => {
    const result = parseRelaySecret(relaySecretOf({ password: value }), false);
    expect(result).toMatchObject({ placeholder: true, errors: [{ field: 'password', rule: 'is a placeholder' }] });
  });
});

describe('what is said about a secret', () => {
  const field = fc.constantFrom(
    'host',
    'port',
    'username',
    'password',
    'tls',
    'authMethod',
    'ca',
    'clientKey',
    'ehloName',
  );

  it('never holds one of its values', () => {
    fc.assert(
      fc.property(field, fc.stringMatching(/^[\r\n A-Za-z0-9]{6,40}$/), (name, noise) => {
        const canary = `Zq9${noise}`;
        const result = parseRelaySecret(relaySecretOf({ [name]: canary, port: -1 }), false);
        expect(JSON.stringify(result)).not.toContain(JSON.stringify(canary).slice(1, -1));
        expect(JSON.stringify(result)).not.toContain('p4ss-one');
      }),
    );
  });

  it('never quotes text that is not JSON', () => {
    const result = parseRelaySecret('Zq9hunter2', false);
    expect(JSON.stringify(result)).not.toContain('Zq9');
  });

  it('answers anything at all without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(parseRelaySecret(text, true).ok).toBe(false);
      }),
    );
  });
});
