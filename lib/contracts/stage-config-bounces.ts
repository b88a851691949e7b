import type { RelayConfig, StageConfig } from './stage-config.ts';

/** True when the relay may send for this domain (lower case). */
export const takes = (relay: RelayConfig, domain: string) => relay.fromDomains?.includes(domain) ?? true;

/** Why bounces of a stage could not leave it, each a sentence; none when they all can. */
export function sendableBounces(config: StageConfig): string[] {
  const { relay } = config.bounces;
  if (relay !== undefined && !Object.hasOwn(config.relays, relay)) {
    return [`bounces.relay is "${relay}"; allowed: one of relays (${Object.keys(config.relays).join(', ')})`];
  }
  return [...allowedAuthor(config), ...carriedAuthors(config)];
}

function allowedAuthor({ bounces: { from }, allowedFromDomains }: StageConfig): string[] {
  if (from === undefined || allowedFromDomains.length === 0 || allowedFromDomains.includes(domainOf(from))) return [];
  return [
    `bounces.from is "${from}"; allowed: an address in one of allowedFromDomains (${allowedFromDomains.join(', ')}), ` +
      'or every bounce would be refused at the intake',
  ];
}

/** Relays are chosen by the domain of the bounce's author: one that nobody takes would leave the bounce waiting. */
function carriedAuthors({ bounces: { from, relay }, relays, allowedFromDomains }: StageConfig): string[] {
  const named = relay === undefined ? undefined : relays[relay];
  if (from !== undefined) {
    const carriers = named === undefined ? Object.values(relays) : [named];
    if (carriers.some((one) => takes(one, domainOf(from)))) return [];
    const wanted = relay === undefined ? 'a relay takes' : `bounces.relay ("${relay}") takes`;
    return [`bounces.from is "${from}"; allowed: an address in a domain that ${wanted}, and ${domainOf(from)} is none`];
  }
  if (named?.fromDomains === undefined) return [];
  return authorDomains(relays, allowedFromDomains)
    .filter((domain) => domain === undefined || !takes(named, domain))
    .map(
      (domain) =>
        `bounces.relay is "${relay}"; allowed: a relay that takes every domain that may send, and its fromDomains have ` +
        `${domain === undefined ? 'only some of all domains' : `no "${domain}"`}. Or set bounces.from to an address that it takes`,
    );
}

/** Where bounces without an author of their own come from: the sender's domain. Undefined stands for any domain. */
function authorDomains(relays: StageConfig['relays'], allowed: readonly string[]): readonly (string | undefined)[] {
  if (allowed.length > 0) return allowed;
  const taken = Object.values(relays).map(({ fromDomains }) => fromDomains);
  return taken.includes(undefined) ? [undefined] : [...new Set(taken.flat())];
}

const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1).toLowerCase();
