import type { Mail } from '../intake/mail.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { attempt, senderDomain } from './attempt.ts';
import type { Delivery, Step } from './delivery.ts';
import { givenUp } from './plan.ts';
import type { DeliveryPorts } from './ports.ts';
import { settleAttempt } from './settle.ts';
import { giveUp, later, waitOrGiveUp } from './wait.ts';

/** Builds the mail where memory allows, and offers it to the relays that may take it now. */
export async function tryRelays(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  ports: DeliveryPorts,
): Promise<Step> {
  return ports.holding(estimatedBytes(delivery, ports), () => buildAndSend(delivery, standing, item, ports));
}

/** A composed mail stands in memory as body, as parsed fields and as built message; an S3 object may be of any size. */
export function estimatedBytes(
  { mail: { content }, received }: Delivery,
  { maxMessageBytes }: Pick<DeliveryPorts, 'maxMessageBytes'>,
): number {
  const sources = content.kind === 'raw' ? [content.source] : content.fields.attachments.map(({ source }) => source);
  return 3 * received.body.length + (sources.some(({ kind }) => kind === 's3') ? 2 * maxMessageBytes : 0);
}

async function buildAndSend(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  ports: DeliveryPorts,
): Promise<Step> {
  const { mail, facts, bounds, report } = delivery;
  const built = await ports.build(mail, { date: item.firstSeenAt, deadline: bounds.sendDeadline });
  if (!built.ok) {
    if (built.reason === 'retry') return contentUnavailable(delivery, standing, item, built.error, ports);
    return giveUp(delivery, standing, item, { reason: built.reason, message: ruleText(built.detail) }, ports);
  }
  const end = await attempt(
    { mail, facts, stored: standing, opened: item, bounds, message: built.message, report },
    ports,
  ).finally(() => ports.relays.attemptEnded(facts.key));
  if (end.kind === 'conflict') return { standing: end.current };
  if (end.kind === 'unclaimed') {
    report({ type: 'service-unavailable', service: 'ledger', error: end.error });
    return later(delivery, 'ledger-unavailable', item, ports);
  }
  if (end.claimed !== undefined) return settleAttempt(delivery, item, { ...end, claimed: end.claimed }, ports);
  if (!end.routable)
    return giveUp(delivery, standing, item, { reason: 'not-allowed', message: unroutable(mail) }, ports);
  if (end.outOfTime) return waitOrGiveUp(delivery, standing, item, 'no-time', ports);
  return waitOrGiveUp(delivery, standing, item, 'no-relay', ports, end.reopensAt);
}

async function contentUnavailable(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  error: unknown,
  ports: DeliveryPorts,
): Promise<Step> {
  const { facts, received, report } = delivery;
  report({ type: 'content-unavailable', error });
  const limit = givenUp(item, facts, received.receives, ports.clock.now(), ports.retry);
  if (limit === undefined) return waitOrGiveUp(delivery, standing, item, 'content-unavailable', ports);
  const message = `${limit.message.replace(/\.$/, '')}; its content could not be had: ${nameOf(error)}`;
  return giveUp(delivery, standing, item, { ...limit, message }, ports);
}

/** Such as `SlowDown` or `Error ECONNREFUSED`. The error's message stays in the log: a bounce would tell it to strangers. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return [error.name, code].filter((word) => /^[\w.-]{1,64}$/.test(word)).join(' ') || 'unknown error';
}

function unroutable(mail: Mail): string {
  const domain = senderDomain(mail);
  const sender = domain === undefined ? 'a sender without a domain' : `senders at ${domain}`;
  return `no relay of this stage takes mail of ${sender} (fromDomains)`;
}

function ruleText({ field, rule }: { readonly field: string; readonly rule: string }): string {
  return `${field}: ${rule}`;
}
