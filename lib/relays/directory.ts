import type { RelaySettings } from '../contracts/sender-environment.ts';
import type { RelayDirectory, TrialCarrier } from '../delivery/ports.ts';
import type { RelayHealth } from '../health/relay-health.ts';
import type { Standing } from '../health/standing.ts';
import type { Classification } from '../outcome/outcome.ts';
import type { Random } from '../platform/clock.ts';
import { within } from '../platform/within.ts';
import { type Affinity, type Choosable, tryOrder } from './choose.ts';
import type { Credentials, NoCredentials } from './credentials.ts';

export interface DirectoryOptions {
  readonly relays: Readonly<Record<string, RelaySettings>>;
  readonly credentials: Credentials;
  readonly health: RelayHealth;
  readonly random: Random;
}

/** A relay that may send the mail, and whether it may do so now. */
interface Standee extends Choosable {
  readonly standing: Standing;
}

/** The token endpoint speaks for the relay: without one of its tokens there is no login. */
const refusedToken: Classification = {
  scope: 'relay',
  permanent: false,
  trait: 'credentials',
  rule: 'token-endpoint-refusal',
};

/** The relays of the stage config, in the order in which a mail tries them. */
export function createRelayDirectory({ relays, credentials, health, random }: DirectoryOptions): RelayDirectory {
  const configured = Object.entries(relays);
  const refusedVersions = new Map<string, Set<string>>();
  const withoutCredentials = new Map<string, NoCredentials>();

  async function standees(senderDomain: string | undefined, only?: string): Promise<readonly Standee[]> {
    const standings = await health.snapshot();
    return configured
      .filter(([relay, settings]) => (only === undefined || relay === only) && maySend(settings, senderDomain))
      .map(([relay, { tier, weight }]) => {
        const standing = standings.get(relay) ?? ({ kind: 'available', factor: 1 } as const);
        return { relay, tier, standing, weight: standing.kind === 'available' ? weight * standing.factor : 0 };
      });
  }

  async function trialRelay(
    all: readonly Standee[],
    affinity: Affinity | undefined,
    carrier: TrialCarrier | undefined,
  ): Promise<string | undefined> {
    const due = carrier === undefined ? undefined : trialFor(all, affinity);
    if (due?.standing.kind !== 'due' || carrier === undefined) return undefined;
    const taken = await health.takeTrial(due.relay, carrier, due.standing.early);
    return taken ? due.relay : undefined;
  }

  return {
    async candidates(senderDomain, affinity, carrier, only) {
      const first = await standees(senderDomain, only);
      const trial = await trialRelay(first, affinity, carrier);
      // Who asked for a trial in vain has learnt how the relay stands by now.
      const all =
        trial === undefined && first.some(({ standing }) => standing.kind === 'due')
          ? await standees(senderDomain, only)
          : first;
      const available = all.filter(({ standing }) => standing.kind === 'available');
      const order = [...(trial === undefined ? [] : [trial]), ...tryOrder(available, random, affinity)];
      const reopensAt = order.length > 0 ? undefined : earliest(all);
      return {
        relays: order.map((relay) => ({
          relay,
          maxRecipients: relays[relay]?.maxRecipients ?? 1,
          ...(relay === trial ? { trial: true } : {}),
        })),
        eligible: all.map(({ relay }) => relay),
        ...(reopensAt === undefined ? {} : { reopensAt }),
      };
    },
    async takesMail(relay) {
      const standing = (await health.snapshot()).get(relay);
      // Whether a throttling relay gets this mail was drawn when it was chosen.
      return standing === undefined || standing.kind === 'available' || isThrottled(standing);
    },
    async connection(relay, deadline) {
      const result = await credentials.get(relay, deadline);
      if (!result.ok) {
        withoutCredentials.set(relay, result);
        return result;
      }
      const maxSessions = Math.min(result.settings.maxSessions, health.sessions(relay));
      return { ok: true, settings: { ...result.settings, maxSessions } };
    },
    async credentialsRefused(relay, version, patienceMs) {
      refusedVersions.set(relay, (refusedVersions.get(relay) ?? new Set()).add(version));
      return ((await within(credentials.refused(relay, version), patienceMs)) ?? 'same') !== 'same';
    },
    attemptEnded: (mail) => health.attemptEnded(mail),
    observe(relay, observation, about = {}) {
      const isFault = observation !== 'accepted' && observation.scope === 'relay';
      // Who had credentials knows their version; another mail's lack of them says nothing about what this one saw.
      const lack = isFault && about.version === undefined ? withoutCredentials.get(relay) : undefined;
      // Nobody reached it: that says nothing about the relay, and the secret may be filled in at any moment.
      if (lack !== undefined && lack.token === undefined) return;
      const refused = lack?.token?.refused ? lack.token.version : undefined;
      const version = about.version ?? refused;
      const versions = [...(refusedVersions.get(relay) ?? []), ...(version === undefined ? [] : [version])];
      health.observe(relay, refused === undefined ? observation : refusedToken, { ...about, versions });
      if (observation === 'accepted') refusedVersions.delete(relay);
    },
  };
}

/**
 * The relay that this mail might try as the first one since it failed, or undefined. Not one of a lower tier than the
 * relays that are well, as nobody needs it; not by a mail that is expected elsewhere, or that this very relay failed.
 */
function trialFor(all: readonly Standee[], affinity: Affinity | undefined): Standee | undefined {
  const available = all.filter(({ standing }) => standing.kind === 'available');
  const tier = Math.min(...available.map((one) => one.tier));
  const expectedElsewhere = affinity?.stay && available.some(({ relay }) => relay === affinity.relay);
  if (expectedElsewhere) return undefined;
  return all
    .filter((one) => one.standing.kind === 'due' && one.tier <= tier)
    .filter(({ relay }) => available.length === 0 || affinity?.stay !== false || relay !== affinity.relay)
    .toSorted((one, other) => one.tier - other.tier)[0];
}

function isThrottled(standing: Standing): boolean {
  return standing.kind === 'out' && standing.why === 'throttled';
}

/** When the first of them reopens; undefined when that of any one is not known, as it may be back before the others. */
function earliest(all: readonly Standee[]): number | undefined {
  let first: number | undefined;
  for (const { standing } of all) {
    if (standing.kind !== 'out' || standing.reopensAt === undefined) return undefined;
    first = Math.min(first ?? standing.reopensAt, standing.reopensAt);
  }
  return first;
}

/** A relay with `fromDomains` takes only these; a mail whose sender domain nobody knows goes to the others. */
function maySend({ fromDomains }: RelaySettings, senderDomain: string | undefined): boolean {
  if (fromDomains === undefined || fromDomains.length === 0) return true;
  return senderDomain !== undefined && fromDomains.includes(senderDomain);
}
