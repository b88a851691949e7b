import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import type { Acquired, SmtpTransport, Transaction, TransactionResult } from '../../../lib/smtp/transport.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';

type Ending = 'accept' | 'refuse-one' | 'defer-one' | 'defer-all' | 'content' | 'sender' | 'stale' | 'lost' | 'doubt';

/** Relays that take mail, refuse it, or leave everybody in doubt. What they took is written down in the world. */
export function simulatedTransport(world: World, process: Process): SmtpTransport {
  return {
    async acquire({ relay }): Promise<Acquired> {
      const down = world.chance(world.faults.relayDown);
      const error = { kind: 'refused', message: 'connection refused' } as const;
      if (down) return process.converse(() => ({ ok: false, failure: { phase: 'connect', reused: false, error } }));
      const reused = world.random() < 0.5;
      const session = {
        relay,
        reused,
        release() {},
        send: (transaction: Transaction) => process.converse(() => answer(world, transaction, reused)),
      };
      return process.converse(() => ({ ok: true, session }));
    },
    async close() {},
  };
}

function answer(world: World, { envelope, message }: Transaction, reused: boolean): TransactionResult {
  const key = message.toString();
  const ending = chooseEnding(world, reused);
  const claimed = world.ledger.get(key)?.lease?.inFlight ?? [];
  world.unclaimedSends += envelope.to.filter((address) => !claimed.includes(address)).length;
  const [first = '', ...rest] = envelope.to;
  const take = (addresses: readonly string[]): TransactionResult['accepted'] =>
    addresses.map((address) => {
      const name = `${key} ${address}`;
      world.taken.set(name, (world.taken.get(name) ?? 0) + 1);
      return { address, reply: { code: 250, enhancedCode: '2.0.0', text: 'queued' } };
    });
  const fail = (addresses: readonly string[], failure: SmtpFailure): TransactionResult['failed'] =>
    addresses.map((address) => ({ address, failure }));
  const whole = (failure: SmtpFailure): TransactionResult => ({
    accepted: [],
    failed: fail(envelope.to, failure),
    timings: {},
  });
  switch (ending) {
    case 'accept':
      return { accepted: take(envelope.to), failed: [], timings: {} };
    case 'refuse-one':
      return { accepted: take(rest), failed: fail([first], reply('rcpt', 550, '5.1.1', 'no such user')), timings: {} };
    case 'defer-one':
      return { accepted: take(rest), failed: fail([first], reply('rcpt', 450, '4.2.1', 'try later')), timings: {} };
    case 'defer-all':
      return whole(reply('final-reply', 451, '4.3.0', 'temporary failure'));
    case 'content':
      return whole(reply('final-reply', 554, '5.6.0', 'content refused'));
    case 'sender':
      return whole(reply('mail', 550, '5.7.60', 'client does not have permissions to send as this sender'));
    case 'stale':
      return whole({ phase: 'mail', reused: true, error: { kind: 'closed', message: 'connection closed' } });
    case 'lost':
      return whole({ phase: 'body', reused: false, error: { kind: 'closed', message: 'connection closed' } });
    case 'doubt':
      if (world.random() < 0.5) take(envelope.to);
      return whole({ phase: 'final-reply', reused: false, error: { kind: 'closed', message: 'connection closed' } });
  }
}

function chooseEnding(world: World, reused: boolean): Ending {
  if (!world.chance(world.faults.refusal)) return 'accept';
  const endings: Ending[] = ['refuse-one', 'defer-one', 'defer-all', 'content', 'sender', 'lost', 'doubt'];
  if (reused) endings.push('stale', 'stale');
  return endings[Math.floor(world.random() * endings.length)] ?? 'accept';
}

function reply(phase: SmtpFailure['phase'], code: number, enhancedCode: string, text: string): SmtpFailure {
  return { phase, reused: false, reply: { code, enhancedCode, text } };
}
