import type { RelaySecret } from '../../lib/contracts/relay-secret.ts';
import type { EmbeddedRelay } from '../relays/relay.ts';
import type { RelayView } from './model.ts';

export const faults = ['take-down', 'bring-back', 'change-password', 'store-password'] as const;
export type Fault = (typeof faults)[number];

/** The embedded relays of a run, and what was done to them from the page. */
export interface SimulatedRelays {
  /** Undefined: a real relay. */
  stateOf(name: string): RelayView['simulated'];
  /** @throws Error for a relay that is not embedded */
  apply(fault: Fault, name: string): Promise<void>;
}

/** @param setSecret what Secrets Manager's PutSecretValue does */
export function simulatedRelays(
  relays: ReadonlyMap<string, EmbeddedRelay>,
  setSecret: (relay: string, secret: RelaySecret) => Promise<void>,
): SimulatedRelays {
  const down = new Set<string>();
  const changed = new Set<string>();
  return {
    stateOf: (name) => (relays.has(name) ? { up: !down.has(name), passwordChanged: changed.has(name) } : undefined),
    apply: async (fault, name) => {
      const relay = relays.get(name);
      if (relay === undefined) throw new Error(`${name} is no embedded relay`);
      switch (fault) {
        case 'take-down':
          down.add(name);
          return relay.goDown();
        case 'bring-back':
          if (!down.delete(name)) return;
          return relay.comeBack();
        case 'change-password':
          changed.add(name);
          relay.changePassword();
          return;
        case 'store-password':
          await setSecret(name, relay.secret);
          changed.delete(name);
      }
    },
  };
}
