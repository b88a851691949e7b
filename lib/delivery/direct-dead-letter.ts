import { directEntry } from '../dead-letter/entry.ts';
import type { DeliveryPorts, ReceivedMessage } from './ports.ts';

/**
 * A dead letter that the ledger does not know of. False: the dead-letter queue did not take it, so the message must stay
 * where it is.
 */
export async function deadLetterDirectly(
  received: ReceivedMessage,
  failure: Parameters<typeof directEntry>[1],
  ports: DeliveryPorts,
): Promise<boolean> {
  const { reason, key = '' } = failure;
  const identity = { key, messageId: received.messageId };
  try {
    await ports.deadLetters.send(directEntry(received, failure, ports.clock.now()));
  } catch (error) {
    ports.report({ ...identity, type: 'service-unavailable', service: 'dead-letter-queue', error });
    return false;
  }
  ports.report({ ...identity, type: 'dead-lettered', reason, recipients: 0 });
  return true;
}
