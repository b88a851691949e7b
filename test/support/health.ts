import type { RelayObservation } from '../../lib/delivery/ports.ts';
import type { BreakerSettings } from '../../lib/health/breaker.ts';
import type { RelayHealthItem, RelayHealthStore } from '../../lib/health/item.ts';

export const breakerSettings: BreakerSettings = {
  failureThreshold: 3,
  messageRejectionThreshold: 4,
  coolDownSeconds: 60,
  maxCoolDownSeconds: 900,
};

const replied = (scope: 'recipient' | 'message' | 'sender' | 'throttle' | 'session', permanent: boolean) => ({
  scope,
  permanent,
  rule: `${scope}-rule`,
});

/** One observation of each kind. */
export const observations = {
  accepted: 'accepted',
  recipientRefused: replied('recipient', true),
  recipientDeferred: replied('recipient', false),
  messageRefused: replied('message', true),
  messageDeferred: replied('message', false),
  senderRefused: replied('sender', true),
  throttled: replied('throttle', false),
  sessionLost: replied('session', false),
  fault: { scope: 'relay', permanent: false, rule: 'network-fault' },
  doubt: { scope: 'uncertain', permanent: false, rule: 'final-reply-lost' },
  loginRefused: { scope: 'relay', permanent: false, trait: 'credentials', rule: 'login-refused' },
} as const satisfies Record<string, RelayObservation>;

export interface MemoryHealthStore extends RelayHealthStore {
  readonly items: Map<string, RelayHealthItem>;
  /** Conditional writes, also those that failed: DynamoDB charges both. */
  readonly counts: { reads: number; writes: number };
  /** When set, every request fails with it. */
  outage: Error | undefined;
}

/** Compare-and-set in memory; `around` runs before and after each request, so that tests can interleave them. */
export function memoryHealthStore(around: () => Promise<void> = async () => {}): MemoryHealthStore {
  const items = new Map<string, RelayHealthItem>();
  const counts = { reads: 0, writes: 0 };
  const store: MemoryHealthStore = {
    items,
    counts,
    outage: undefined,
    readAll: (relays) => request('reads', () => new Map(relays.map((relay) => [relay, items.get(relay)] as const))),
    read: (relay) => request('reads', () => items.get(relay)),
    write: (next, expected) =>
      request('writes', () => {
        const current = items.get(next.relay);
        if (current?.revision !== expected?.revision) return { written: false, current } as const;
        items.set(next.relay, next);
        return { written: true } as const;
      }),
  };

  async function request<T>(kind: 'reads' | 'writes', act: () => T): Promise<T> {
    await around();
    counts[kind] += 1;
    if (store.outage !== undefined) throw store.outage;
    const result = act();
    await around();
    return result;
  }

  return store;
}
