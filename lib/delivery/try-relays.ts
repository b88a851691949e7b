import type { Mail } from '../intake/mail.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { attempt } from './attempt.ts';
import type { Delivery, Step } from './delivery.ts';
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
  const { mail, received } = delivery;
  const bytes = estimatedBytes(mail, received.body.length, ports.maxMessageBytes);
  return ports.holding(bytes, () => buildAndSend(delivery, standing, item, ports));
}

/** A composed mail stands in memory as body, as parsed fields and as built message; an S3 object may be of any size. */
function estimatedBytes({ content }: Mail, bodyBytes: number, maxMessageBytes: number): number {
  const sources = content.kind === 'raw' ? [content.source] : content.fields.attachments.map(({ source }) => source);
  return 3 * bodyBytes + (sources.some(({ kind }) => kind === 's3') ? 2 * maxMessageBytes : 0);
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
    if (built.reason === 'retry') return waitOrGiveUp(delivery, standing, item, 'content-unavailable', ports);
    return giveUp(delivery, standing, item, { reason: built.reason, message: ruleText(built.detail) }, ports);
  }
  const end = await attempt(
    { mail, facts, stored: standing, opened: item, bounds, message: built.message, report },
    ports,
  );
  if (end.kind === 'conflict') return { standing: end.current };
  if (end.kind === 'unclaimed') {
    report({ type: 'service-unavailable', service: 'ledger', error: end.error });
    return later(delivery, 'ledger-unavailable', item, ports);
  }
  if (end.claimed !== undefined) return settleAttempt(delivery, item, { ...end, claimed: end.claimed }, ports);
  if (end.outOfTime) return waitOrGiveUp(delivery, standing, item, 'no-time', ports);
  return waitOrGiveUp(delivery, standing, item, 'no-relay', ports, end.reopensAt);
}

function ruleText({ field, rule }: { readonly field: string; readonly rule: string }): string {
  return `${field}: ${rule}`;
}
