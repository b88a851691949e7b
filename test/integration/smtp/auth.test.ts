import { expect, it } from 'vitest';
import type { PasswordAuth, TokenAuth } from '../../../lib/smtp/transport.ts';
import type { RelayOptions } from '../../support/scripted-relay.ts';
import { settingsFor, start } from './rig.ts';

type Mechanisms = NonNullable<RelayOptions['auth']>;
const password: PasswordAuth = { kind: 'password', username: 'user', password: 'secret' };
const token: TokenAuth = { kind: 'token', user: 'user', accessToken: 'secret' };

it.each<[string, Mechanisms, PasswordAuth | TokenAuth]>([
  ['PLAIN', ['PLAIN'], password],
  ['LOGIN', ['LOGIN'], password],
  ['CRAM-MD5', ['CRAM-MD5'], password],
  ['XOAUTH2', ['PLAIN', 'XOAUTH2'], token],
  ['PLAIN', ['XOAUTH2', 'LOGIN', 'PLAIN'], password],
  ['LOGIN', ['PLAIN', 'LOGIN', 'CRAM-MD5'], { ...password, method: 'LOGIN' }],
  ['CRAM-MD5', ['PLAIN', 'LOGIN', 'CRAM-MD5'], password],
])('logs in with %s when %j is offered', async (mechanism, auth, credentials) => {
  const { relay, rig } = await start({ auth });
  expect((await rig.deliver(settingsFor(relay, { auth: credentials }))).accepted).toHaveLength(1);
  expect(relay.connections[0]?.authenticatedAs).toBe('user');
  expect(relay.commands()[1]).toMatch(new RegExp(`^AUTH ${mechanism}`));
});

it.each<[Mechanisms | undefined, PasswordAuth | TokenAuth, string]>([
  [undefined, password, 'the relay does not offer AUTH CRAM-MD5, PLAIN, LOGIN'],
  [['PLAIN'], { ...password, method: 'LOGIN' }, 'the relay does not offer AUTH LOGIN'],
  [['PLAIN'], token, 'the relay does not offer AUTH XOAUTH2'],
])('sends no secret when only %j is offered', async (auth, credentials, message) => {
  const { relay, rig } = await start(auth ? { auth } : {});
  const failure = await rig.refusal(settingsFor(relay, { auth: credentials }));
  expect(failure).toEqual({ phase: 'auth', reused: false, error: { kind: 'protocol', message } });
  expect(relay.commands()).toEqual(['EHLO [127.0.0.1]']);
});

it.each<[Mechanisms, PasswordAuth | TokenAuth]>([
  [['PLAIN'], { ...password, password: 'old' }],
  [['LOGIN'], { ...password, password: 'old' }],
  [['CRAM-MD5'], { ...password, password: 'old' }],
  [['XOAUTH2'], { ...token, accessToken: 'old' }],
])('tries a refused login once only (%j)', async (auth, credentials) => {
  const { relay, rig } = await start({ auth });
  const failure = await rig.refusal(settingsFor(relay, { auth: credentials }));
  const reply = { code: 535, enhancedCode: '5.7.8', text: 'authentication failed' };
  expect(failure).toEqual({ phase: 'auth', reused: false, reply });
  expect(relay.commands().filter((command) => command.startsWith('AUTH'))).toHaveLength(1);
  await relay.until(() => relay.openConnections() === 0);
});

it('gives up on a challenge that is none', async () => {
  const { relay, rig } = await start({ auth: ['CRAM-MD5'], script: { auth: { reply: '235 welcome' } } });
  const failure = await rig.refusal(settingsFor(relay, { auth: password }));
  expect(failure).toMatchObject({ phase: 'auth', error: { kind: 'protocol' } });
});
