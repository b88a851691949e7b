import { describe, expect, it } from 'vitest';
import type { Phase, SmtpFailure } from '../../../lib/outcome/outcome.ts';
import { type Behaviour, faults, type RelayOptions, type ScriptPhase } from '../../support/scripted-relay.ts';
import { createCertificates } from '../../support/tls.ts';
import { mail, patient, settingsFor, start } from './rig.ts';

const certificates = await createCertificates();
const replies = {
  '4xx': { reply: '451 4.3.0 try later' },
  '5xx': { reply: '554 5.7.1 no' },
  '421': { reply: '421 4.3.2 closing' },
} as const;
const badReplies = ['4xx', '5xx', '421', ...faults] as const;
type Bad = (typeof badReplies)[number];

const behaviourOf = (bad: Bad): Behaviour =>
  bad in replies ? replies[bad as keyof typeof replies] : (bad as Behaviour);
/** Only what must pass is short: a busy machine must not turn an answer into a time-out. */
const timeoutsFor = (bad: Bad) =>
  bad === 'stall' || bad === 'trickle' ? { ...patient, greetingMs: 250, commandMs: 250, finalReplyMs: 250 } : patient;

function expected(phase: Phase, bad: Bad, reused: boolean): unknown {
  const replied = { '4xx': 451, '5xx': 554, '421': 421 }[bad as string];
  if (replied !== undefined) return { phase, reused, reply: expect.objectContaining({ code: replied }) };
  const kind = {
    garbage: 'protocol',
    'empty-line': 'protocol',
    'half-line': 'protocol',
    'long-line': 'protocol',
    stall: 'timeout',
    trickle: 'timeout',
    close: 'closed',
    reset: phase === 'greeting' ? 'refused' : 'closed',
  }[bad as string];
  return { phase, reused, error: { kind, message: expect.any(String) } };
}

const setUp: readonly ScriptPhase[] = ['greeting', 'ehlo', 'starttls', 'auth'];

describe.each(setUp)('a relay that misbehaves at %s', (phase) => {
  it.concurrent.for(badReplies)('%s', async (bad, { onTestFinished }) => {
    const relayOptions: RelayOptions = {
      script: { [phase]: behaviourOf(bad) },
      auth: ['PLAIN'],
      ...(phase === 'starttls' ? { tls: { mode: 'starttls', ...certificates.right } } : {}),
    };
    const { relay, rig } = await start(relayOptions, { timeouts: timeoutsFor(bad) }, onTestFinished);
    const failure = await rig.refusal(
      settingsFor(relay, {
        tls: phase === 'starttls' ? 'starttls' : 'none',
        ca: certificates.ca,
        auth: { kind: 'password', username: 'user', password: 'secret' },
      }),
    );
    expect(failure).toEqual(expected(phase as Phase, bad, false));
    expect(rig.events).toEqual(['opened', `failed:${phase}`]);
    await relay.until(() => relay.openConnections() === 0);
  });
});

const handshakeFaults = ['garbage', 'stall', 'trickle', 'close', 'reset'] as const;

describe.each(['implicit', 'starttls'] as const)('a relay that misbehaves in the %s TLS handshake', (mode) => {
  it.concurrent.for(handshakeFaults)('%s', async (bad, { onTestFinished }) => {
    const { relay, rig } = await start(
      { script: { tls: bad }, tls: { mode, ...certificates.right } },
      { timeouts: timeoutsFor(bad) },
      onTestFinished,
    );
    const failure = await rig.refusal(settingsFor(relay, { tls: mode, ca: certificates.ca }));
    const kinds = { garbage: 'tls', stall: 'timeout', trickle: 'timeout', close: 'closed', reset: 'closed' };
    expect(failure).toEqual({ phase: 'tls', reused: false, error: { kind: kinds[bad], message: expect.any(String) } });
    await relay.until(() => relay.openConnections() === 0);
  });
});

const conversation = [
  ['mail', 'mail'],
  ['rcpt', 'rcpt'],
  ['data', 'data'],
  ['final', 'final-reply'],
] as const;

for (const [scripted, phase] of conversation) {
  describe.each([
    { reused: false, pipelining: true },
    { reused: false, pipelining: false },
    { reused: true, pipelining: true },
    { reused: true, pipelining: false },
  ])(`a relay that misbehaves at ${scripted}, $reused $pipelining`, ({ reused, pipelining }) => {
    it.concurrent.for(badReplies)('%s', async (bad, { onTestFinished }) => {
      const { relay, rig } = await start({ pipelining }, { timeouts: timeoutsFor(bad) }, onTestFinished);
      const settings = settingsFor(relay, { maxSessions: 1 });
      if (reused) await rig.deliver(settings);
      relay.script = { [scripted]: behaviourOf(bad) };
      const result = await rig.deliver(settings, mail({ to: ['a@example.org', 'b@example.org'] }));
      expect(result.accepted).toEqual([]);
      expect(result.failed).toEqual(
        ['a@example.org', 'b@example.org'].map((address) => ({ address, failure: expected(phase, bad, reused) })),
      );
      if (bad !== '4xx' && bad !== '5xx') await relay.until(() => relay.openConnections() === 0);
      else {
        relay.script = {};
        expect((await rig.deliver(settings)).accepted).toHaveLength(1);
        expect(relay.connections).toHaveLength(1);
      }
    });
  });
}

describe('a relay that misbehaves in the body', () => {
  const message = Buffer.concat([
    Buffer.from('Subject: big\r\n\r\n'),
    Buffer.alloc(24 * 1024 * 1024, `${'x'.repeat(98)}\r\n`),
  ]);
  it.for(badReplies)('%s', async (bad, { onTestFinished }) => {
    const { relay, rig } = await start(
      { script: { body: behaviourOf(bad) } },
      { timeouts: timeoutsFor(bad) },
      onTestFinished,
    );
    const result = await rig.deliver(settingsFor(relay), mail({ message }));
    const [failed] = result.failed as readonly { failure: SmtpFailure }[];
    expect(failed?.failure).toEqual(expected('body', bad, false));
    expect(relay.messages).toEqual([]);
  });
});
