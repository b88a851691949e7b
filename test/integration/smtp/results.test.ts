import { describe, expect, it } from 'vitest';
import { mail, patient, settingsFor, start } from './rig.ts';

const three = ['a@example.org', 'b@example.org', 'c@example.org'];
const pipelinings = [{ pipelining: true }, { pipelining: false }];
const codes = (result: {
  failed: readonly { address: string; failure: { reply?: { code: number }; phase: string } }[];
}) => result.failed.map(({ address, failure }) => [address, failure.phase, failure.reply?.code]);

describe.each(pipelinings)('what becomes of each recipient ($pipelining)', ({ pipelining }) => {
  it('hands over the message byte by byte, dots stuffed and unstuffed', async () => {
    const { relay, rig } = await start({ pipelining });
    const message = Buffer.from('Subject: dots\r\n\r\n.one\r\n..two\r\n.\r\nno line end');
    const result = await rig.deliver(settingsFor(relay), mail({ to: three, message }));
    const reply = { code: 250, enhancedCode: '2.0.0', text: 'queued as 1' };
    expect(result.accepted).toEqual(three.map((address) => ({ address, reply })));
    expect(result.failed).toEqual([]);
    expect(relay.messages[0]?.body.toString()).toBe(`${message}\r\n`);
    expect(relay.messages[0]?.recipients).toEqual(three.map((address) => `RCPT TO:<${address}>`));
    expect(result.timings).toEqual({ envelopeMs: expect.any(Number), dataMs: expect.any(Number) });
  });

  it('tells the accepted from the refused, with the reply of each', async () => {
    const { relay, rig } = await start({ pipelining });
    relay.script = {
      rcpt: ({ command }) => {
        if (command.includes('b@')) return { reply: '550-5.1.1 no such\n550 5.1.1 user' };
        return command.includes('c@') ? { reply: '450 4.2.1 busy' } : undefined;
      },
    };
    const result = await rig.deliver(settingsFor(relay), mail({ to: three }));
    expect(result.accepted.map(({ address }) => address)).toEqual(['a@example.org']);
    expect(codes(result)).toEqual([
      ['b@example.org', 'rcpt', 550],
      ['c@example.org', 'rcpt', 450],
    ]);
    expect(result.failed[0]?.failure.reply).toEqual({ code: 550, enhancedCode: '5.1.1', text: 'no such user' });
  });

  it.each([
    ['data', 'data'],
    ['final', 'final-reply'],
  ] as const)('leaves a recipient refused at RCPT his own reply when %s fails', async (scripted, phase) => {
    const { relay, rig } = await start({ pipelining });
    relay.script = {
      rcpt: ({ command }) => (command.includes('b@') ? { reply: '550 5.1.1 unknown' } : undefined),
      [scripted]: { reply: '451 4.3.0 later' },
    };
    const result = await rig.deliver(settingsFor(relay), mail({ to: three }));
    expect(result.accepted).toEqual([]);
    expect(codes(result)).toEqual([
      ['a@example.org', phase, 451],
      ['b@example.org', 'rcpt', 550],
      ['c@example.org', phase, 451],
    ]);
  });

  it('leaves a recipient refused at RCPT his own reply when the connection dies after the dot', async () => {
    const { relay, rig } = await start({ pipelining });
    relay.script = {
      rcpt: ({ command }) => (command.includes('b@') ? { reply: '550 5.1.1 unknown' } : undefined),
      final: 'close',
    };
    const result = await rig.deliver(settingsFor(relay), mail({ to: three }));
    expect(result.failed.map(({ failure }) => [failure.phase, failure.error?.kind])).toEqual([
      ['final-reply', 'closed'],
      ['rcpt', undefined],
      ['final-reply', 'closed'],
    ]);
  });

  it('gives a refused MAIL to everyone, whatever was said to the recipients', async () => {
    const { relay, rig } = await start({ pipelining });
    relay.script = { mail: { reply: '550 5.7.60 not your address' } };
    const result = await rig.deliver(settingsFor(relay), mail({ to: three }));
    expect(codes(result)).toEqual(three.map((address) => [address, 'mail', 550]));
  });

  it('resets and keeps the session when every recipient was refused', async () => {
    const { relay, rig } = await start({ pipelining });
    const settings = settingsFor(relay, { maxSessions: 1 });
    relay.script = { rcpt: { reply: '550 5.1.1 unknown' } };
    expect(codes(await rig.deliver(settings, mail({ to: three })))).toEqual(three.map((a) => [a, 'rcpt', 550]));
    relay.script = {};
    const second = await rig.deliver(settings);
    expect(second.accepted).toHaveLength(1);
    expect(relay.connections).toHaveLength(1);
    expect(relay.commands()).toContain('RSET');
  });
});

it('ends the empty message of a relay that takes DATA for nobody, and keeps the session', async () => {
  const { relay, rig } = await start();
  const settings = settingsFor(relay, { maxSessions: 1 });
  relay.script = { rcpt: { reply: '550 5.1.1 unknown' }, data: { reply: '354 nobody, but go on' } };
  // The scripted relay answers the lone dot as an unknown command.
  const result = await rig.deliver(settings, mail({ to: three }));
  expect(codes(result)).toEqual(three.map((address) => [address, 'rcpt', 550]));
  relay.script = {};
  expect((await rig.deliver(settings)).accepted).toHaveLength(1);
  expect(relay.connections).toHaveLength(1);
});

it.each([
  ['mail', 'mail', '354 what'],
  ['rcpt', 'rcpt', '354 what'],
  ['data', 'data', '250 what'],
  ['final', 'final-reply', '354 what'],
] as const)('takes a reply that does not fit at %s for a breach of the protocol', async (scripted, phase, reply) => {
  const { relay, rig } = await start({ script: { [scripted]: { reply } } });
  const { failed, accepted } = await rig.deliver(settingsFor(relay));
  expect(accepted).toEqual([]);
  expect(failed[0]?.failure).toMatchObject({ phase, error: { kind: 'protocol' } });
  await relay.until(() => relay.openConnections() === 0);
});

it('believes a 250 although the relay closes in the same breath', async () => {
  const { relay, rig } = await start({ script: { final: { reply: '250 2.0.0 taken\n421 4.3.2 and good bye' } } });
  const { accepted } = await rig.deliver(settingsFor(relay));
  expect(accepted).toHaveLength(1);
  await relay.until(() => relay.openConnections() === 0);
});

it('hears an answer that came in time although the process was late', async () => {
  const { relay, rig } = await start({}, { timeouts: { ...patient, finalReplyMs: 1000 } });
  relay.script = {
    final: () => {
      relay.say('250 2.0.0 taken');
      const until = performance.now() + 1300;
      while (performance.now() < until);
      return 'stall';
    },
  };
  expect((await rig.deliver(settingsFor(relay))).accepted).toHaveLength(1);
});

describe('the envelope', () => {
  it('keeps the null sender, announces the size, and 8-bit only when it is needed', async () => {
    const { relay, rig } = await start({ size: 1000 });
    await rig.deliver(settingsFor(relay), mail({ from: '', message: Buffer.from('a: b\r\n\r\nä') }));
    await rig.deliver(settingsFor(relay), mail());
    expect(relay.messages.map((each) => each.mail)).toEqual([
      'MAIL FROM:<> BODY=8BITMIME SIZE=10',
      'MAIL FROM:<shop@example.com> SIZE=22',
    ]);
  });

  it('does not offer a message larger than the relay takes', async () => {
    const { relay, rig } = await start({ size: 10 });
    const { failed } = await rig.deliver(settingsFor(relay));
    const error = { kind: 'incapable', message: 'message size 22 is larger than the allowed 10 bytes' };
    expect(failed).toEqual([{ address: 'ada@example.org', failure: { phase: 'mail', reused: false, error } }]);
    expect(relay.commands()).toEqual(['EHLO [127.0.0.1]']);
  });

  it('fails only the recipients whose address the relay cannot take', async () => {
    const { relay, rig } = await start();
    const { accepted, failed } = await rig.deliver(
      settingsFor(relay),
      mail({ to: ['ädä@example.org', 'b@example.org'] }),
    );
    expect(accepted.map(({ address }) => address)).toEqual(['b@example.org']);
    expect(failed).toMatchObject([
      { address: 'ädä@example.org', failure: { phase: 'mail', error: { kind: 'incapable' } } },
    ]);
    const sender = await rig.deliver(settingsFor(relay), mail({ from: 'ädä@example.org' }));
    expect(sender.failed).toMatchObject([{ failure: { phase: 'mail', error: { kind: 'incapable' } } }]);
    expect(relay.messages).toHaveLength(1);
  });

  it('sends such addresses to a relay that offers SMTPUTF8', async () => {
    const { relay, rig } = await start({ smtpUtf8: true });
    const { accepted } = await rig.deliver(settingsFor(relay), mail({ to: ['ädä@example.org'] }));
    expect(accepted).toHaveLength(1);
    expect(relay.messages[0]?.mail).toBe('MAIL FROM:<shop@example.com> SMTPUTF8');
  });
});

describe('the deadline', () => {
  it('does not begin what cannot hear its final reply, and keeps the session', async () => {
    const { relay, rig } = await start();
    const { failed } = await rig.deliver(settingsFor(relay), mail({ to: three }), patient.finalReplyMs - 1);
    expect(failed.map(({ failure }) => [failure.phase, failure.error?.kind])).toEqual(
      three.map(() => ['mail', 'deadline']),
    );
    expect(relay.commands()).toEqual(['EHLO [127.0.0.1]']);
    expect((await rig.deliver(settingsFor(relay))).accepted).toHaveLength(1);
    expect(rig.events).toEqual(['opened', 'ready', 'reused']);
  });

  // What the stage grants a host to connect is a fair time to answer: after less of it nobody is to blame.
  it.each([
    ['our time was short', 10_000, 'deadline'],
    ['the relay was silent for long', 100, 'timeout'],
  ])('cuts each wait of the transaction: %s', async (_name, connectMs, kind) => {
    const timeouts = { ...patient, connectMs, finalReplyMs: 100 };
    const { relay, rig } = await start({ script: { mail: 'stall' } }, { timeouts });
    const { failed } = await rig.deliver(settingsFor(relay), mail(), 350);
    expect(failed[0]?.failure).toMatchObject({ phase: 'mail', error: { kind } });
  });

  it.each([
    ['our time was short', 10_000, 'deadline'],
    ['the relay was silent for long', 100, 'timeout'],
  ])('cuts the set-up: %s', async (_name, connectMs, kind) => {
    const timeouts = { ...patient, connectMs };
    const { relay, rig } = await start({ script: { greeting: 'stall' } }, { timeouts });
    const failure = await rig.refusal(settingsFor(relay), { withinMs: 500 });
    expect(failure).toMatchObject({ phase: 'greeting', error: { kind } });
    expect(await rig.refusal(settingsFor(relay), { withinMs: 0 })).toMatchObject({ error: { kind: 'deadline' } });
    expect(relay.connections).toHaveLength(1);
  });

  it.each(['greeting', 'mail'] as const)(
    'is shared with the relays that the mail can still turn to: %s',
    async (phase) => {
      const timeouts = { ...patient, connectMs: 100, finalReplyMs: 100 };
      const { relay, rig } = await start({ script: { [phase]: 'stall' } }, { timeouts });
      const startedAt = Date.now();
      if (phase === 'greeting') {
        await rig.refusal(settingsFor(relay), { withinMs: 20_000, relays: 40 });
      } else {
        const session = await rig.acquire(settingsFor(relay));
        const { failed } = await session.send(mail(), startedAt + 20_100, 40);
        expect(failed[0]?.failure).toMatchObject({ error: { kind: 'timeout' } });
      }
      const tookMs = Date.now() - startedAt;
      expect(tookMs).toBeGreaterThanOrEqual(490);
      expect(tookMs).toBeLessThan(10_000);
    },
  );
});
