import type { Mail } from '../intake/mail.ts';
import type { MailFacts, WriteContext } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import type { Opening } from '../ledger/open.ts';
import type { DeliveryEventBody } from './events.ts';
import type { DeliveryPorts, Disposition, InvocationBounds, ReceivedMessage } from './ports.ts';

/** Everything one receive of one mail needs to know. */
export interface Delivery {
  readonly received: ReceivedMessage;
  readonly mail: Mail;
  readonly facts: MailFacts;
  readonly bounds: InvocationBounds;
  readonly report: (event: DeliveryEventBody) => void;
}

/** Done with this receive, or look again at what stands in the ledger now. */
export type Step = { readonly done: Disposition } | { readonly standing: LedgerItem | undefined };

/** What was found in the ledger that on-call should know of. */
export function tellOpening(
  { facts: { deadLetterId }, report }: Delivery,
  { item, crashed, reopened }: Extract<Opening, { kind: 'proceed' }>,
): void {
  if (crashed) report({ type: 'crash-seen', crashes: item.crashes });
  if (reopened && deadLetterId !== undefined) report({ type: 'reopened', deadLetterId });
}

export function writeContext(ports: DeliveryPorts): WriteContext {
  return { now: ports.clock.now(), newId: ports.newId };
}

export function deliveryOf(
  { received, mail }: Pick<Delivery, 'received' | 'mail'>,
  bounds: InvocationBounds,
  ports: DeliveryPorts,
): Delivery {
  const report = (event: DeliveryEventBody): void =>
    ports.report({ key: mail.key, messageId: received.messageId, tags: mail.tags, ...event });
  return { received, mail, facts: factsOf(mail, received), bounds, report };
}

function factsOf(mail: Mail, received: ReceivedMessage): MailFacts {
  const { key, payloadHash, onUncertain, expiresAt, envelope, tags } = mail;
  const { deadLetterId, sentAt } = received;
  return {
    key,
    payloadHash,
    onUncertain,
    recipients: envelope.to,
    enqueuedAt: sentAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(deadLetterId === undefined ? {} : { deadLetterId }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  };
}
