import type { Action, Behaviour, Moment } from '../../local/relays/behaviour.ts';
import { createCertificate } from '../../local/relays/certificate.ts';
import { type FaultProfile, randomFaults } from '../../local/relays/faults.ts';
import { type EmbeddedRelay, startRelay } from '../../local/relays/relay.ts';
import type { Delivery } from '../../local/relays/session.ts';

/** Relays that fail at random, and what they took. */
export interface FaultyRelays {
  readonly relays: readonly EmbeddedRelay[];
  /** By envelope recipient: the subject of each copy. */
  readonly arrivals: ReadonlyMap<string, readonly string[]>;
  /** What they did wrong on purpose, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

const profile: FaultProfile = {
  defer: 0.06,
  refuse: 0.03,
  dropBefore: 0.02,
  dropAfterTaken: 0.02,
  dropAfterLost: 0.02,
};

export async function startFaultyRelays(names: readonly string[], seed: number): Promise<FaultyRelays> {
  const arrivals = new Map<string, string[]>();
  const faults: Record<string, number> = {};
  const deliver = ({ envelope, message }: Delivery): void => {
    for (const address of envelope.to) arrivals.set(address, [...(arrivals.get(address) ?? []), subjectOf(message)]);
  };
  const counted =
    (behaviour: Behaviour): Behaviour =>
    (moment) => {
      const action = behaviour(moment);
      const name = nameOf(moment, action);
      if (name !== undefined) faults[name] = (faults[name] ?? 0) + 1;
      return action;
    };
  const certificate = await createCertificate();
  const relays = await Promise.all(
    names.map((name, index) =>
      startRelay({ name, certificate, deliver, behaviour: counted(randomFaults(profile, seed + index)) }),
    ),
  );
  return {
    relays,
    arrivals,
    faults,
    close: async () => {
      await Promise.all(relays.map((relay) => relay.close()));
    },
  };
}

function nameOf(moment: Moment, action: Action): string | undefined {
  if (action.kind === 'reply') return action.code < 500 ? 'recipients deferred' : 'recipients refused';
  if (action.kind !== 'drop') return undefined;
  if (moment.at !== 'final') return 'connections dropped before the body';
  return action.taken
    ? 'connections dropped after the final dot, mail taken'
    : 'connections dropped after the final dot, mail lost';
}

function subjectOf(message: Buffer): string {
  return /^subject: (.*)\r$/im.exec(message.toString('latin1'))?.[1] ?? '';
}
