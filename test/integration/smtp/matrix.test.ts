import { describe, expect, it } from 'vitest';
import type { Phase, SmtpFailure } from '../../../lib/outcome/outcome.ts';
import type { SmtpTimeouts } from '../../../lib/smtp/transport.ts';
import {
  type Behaviour,
  faults,
  type RelayOptions,
  type Script,
  type ScriptPhase,
} from '../../support/scripted-relay.ts';
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
/** Which phase comes right before, as the relay sees it. */
const before: Partial<Record<ScriptPhase, ScriptPhase>> = {
  ehlo: 'greeting',
  starttls: 'ehlo',
  tls: 'starttls',
  auth: 'ehlo',
  rcpt: 'mail',
  data: 'rcpt',
  body: 'data',
};

/**
 * Bounds that are long until the relay has come to the phase before the one where it misbehaves: a busy machine must not
 * turn the answers before it into time-outs.
 */
function misbehaveAt(phase: ScriptPhase, bad: Bad): { script: Script; timeouts: SmtpTimeouts; hurry: () => void } {
  const timeouts = { ...patient };
  const hurry = (): undefined => {
    if (bad === 'stall' || bad === 'trickle') Object.assign(timeouts, { greetingMs: 100, commandMs: 100 });
  };
  const previous = before[phase];
  const script: Script = {
    ...(previous ? { [previous]: hurry } : {}),
    [phase]: behaviourOf(bad),
  };
  if (phase === 'greeting') hurry();
  if (phase === 'final' && (bad === 'stall' || bad === 'trickle')) timeouts.finalReplyMs = 100;
  return { script, timeouts, hurry };
}

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
    const { script, timeouts } = misbehaveAt(phase, bad);
    const relayOptions: RelayOptions = {
      script,
      auth: ['PLAIN'],
      ...(phase === 'starttls' ? { tls: { mode: 'starttls', ...certificates.right } } : {}),
    };
    const { relay, rig } = await start(relayOptions, { timeouts }, onTestFinished);
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
    const { script, timeouts, hurry } = misbehaveAt('tls', bad);
    if (mode === 'implicit') hurry();
    const relayOptions = { script, tls: { mode, ...certificates.right } };
    const { relay, rig } = await start(relayOptions, { timeouts }, onTestFinished);
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
      const { script, timeouts, hurry } = misbehaveAt(scripted, bad);
      const { relay, rig } = await start({ pipelining }, { timeouts }, onTestFinished);
      const settings = settingsFor(relay, { maxSessions: 1 });
      if (reused) await rig.deliver(settings);
      const session = await rig.acquire(settings);
      relay.script = script;
      if (scripted === 'mail') hurry();
      const result = await session.send(mail({ to: ['a@example.org', 'b@example.org'] }), Date.now() + 25_000);
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
    const { script, timeouts } = misbehaveAt('body', bad);
    const { relay, rig } = await start({ script }, { timeouts }, onTestFinished);
    const result = await rig.deliver(settingsFor(relay), mail({ message }));
    const [failed] = result.failed as readonly { failure: SmtpFailure }[];
    expect(failed?.failure).toEqual(expected('body', bad, false));
    expect(relay.messages).toEqual([]);
  });
});
