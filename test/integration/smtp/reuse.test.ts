import { afterEach, describe, expect, it } from 'vitest';
import { type RelayOptions, type ScriptedRelay, startScriptedRelay } from '../../support/scripted-relay.ts';
import { createRig, mail, type Rig, settingsFor } from './rig.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: RelayOptions = {}, rigOptions: Parameters<typeof createRig>[0] = {}) {
  const relay: ScriptedRelay = await startScriptedRelay(options);
  const rig: Rig = createRig(rigOptions);
  ends.push(relay.close, () => rig.transport.close());
  return { relay, rig };
}

describe('delivery', () => {
  it.each([true, false])('hands over a message byte by byte, pipelining: %s', async (pipelining) => {
    const { relay, rig } = await start({ pipelining });
    const message = Buffer.from('Subject: dots\r\n\r\n.one\r\n..two\r\n.\r\nend without line end');
    const result = await rig.deliver(settingsFor(relay), mail({ to: ['a@example.org', 'b@example.org'], message }));
    expect(result.accepted).toEqual(
      ['a@example.org', 'b@example.org'].map((address) => ({
        address,
        reply: { code: 250, enhancedCode: '2.0.0', text: 'queued as 1' },
      })),
    );
    expect(result.failed).toEqual([]);
    expect(relay.messages[0]?.body.toString()).toBe(`${message.toString()}\r\n`);
    expect(relay.messages[0]?.recipients).toEqual(['RCPT TO:<a@example.org>', 'RCPT TO:<b@example.org>']);
    expect(result.timings.envelopeMs).toBeGreaterThanOrEqual(0);
    expect(result.timings.dataMs).toBeGreaterThanOrEqual(0);
  });
});
