import type { RelaySettings } from '../contracts/sender-environment.ts';
import type { RelayDirectory } from '../delivery/ports.ts';
import type { Random } from '../platform/clock.ts';
import { type Choosable, tryOrder } from './choose.ts';
import type { Credentials } from './credentials.ts';

export interface DirectoryOptions {
  readonly relays: Readonly<Record<string, RelaySettings>>;
  readonly credentials: Credentials;
  readonly random: Random;
  /** The relay was passed over because nobody gave it usable credentials. */
  readonly onUnconfigured: (relay: string, reason: string) => void;
}

/** The relays of the stage config, in the order in which a mail tries them. */
export function createRelayDirectory({
  relays,
  credentials,
  random,
  onUnconfigured,
}: DirectoryOptions): RelayDirectory {
  const configured = Object.entries(relays);
  return {
    async candidates(senderDomain, affinity) {
      const eligible = configured.filter(([, settings]) => maySend(settings, senderDomain));
      const choosable: Choosable[] = eligible.map(([relay, { tier, weight }]) => ({ relay, tier, weight }));
      const order = tryOrder(choosable, random, affinity);
      return {
        relays: order.map((relay) => ({ relay, maxRecipients: relays[relay]?.maxRecipients ?? 1 })),
        eligible: order,
      };
    },
    async connection(relay, deadline) {
      const result = await credentials.get(relay, deadline);
      if (!result.ok && result.unconfigured) onUnconfigured(relay, result.failure.error?.message ?? '');
      return result;
    },
    async credentialsRefused(relay, version) {
      return (await credentials.refused(relay, version)) !== 'same';
    },
    observe() {},
  };
}

/** A relay with `fromDomains` takes only these; a mail whose sender domain nobody knows goes to the others. */
function maySend({ fromDomains }: RelaySettings, senderDomain: string | undefined): boolean {
  if (fromDomains === undefined || fromDomains.length === 0) return true;
  return senderDomain !== undefined && fromDomains.includes(senderDomain);
}
