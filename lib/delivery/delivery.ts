import type { Mail } from '../intake/mail.ts';
import type { MailFacts, WriteContext } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
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

export function writeContext(ports: DeliveryPorts): WriteContext {
  return { now: ports.clock.now(), newId: ports.newId };
}
