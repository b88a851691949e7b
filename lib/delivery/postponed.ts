import { waitForRelayMs } from '../retry/schedule.ts';
import type { DeliveryEventBody } from './events.ts';
import type { DeliveryPorts, Disposition, ReceivedMessage } from './ports.ts';

/** The message comes back as after any wait that nobody is charged for. */
export function postponed(
  { sentAt }: ReceivedMessage,
  { clock, random, retry }: DeliveryPorts,
): Extract<Disposition, { kind: 'return' }> & { readonly visibleAt: number } {
  const now = clock.now();
  return { kind: 'return', visibleAt: now + waitForRelayMs({ ageMs: Math.max(0, now - sentAt) }, retry, random) };
}

/** The message comes back, as the dead-letter queue did not take its entry. */
export function untilEntryIsTaken(
  received: ReceivedMessage,
  ports: DeliveryPorts,
  report: (event: DeliveryEventBody) => void,
): Disposition {
  const wait = postponed(received, ports);
  report({ type: 'waiting', why: 'dead-letter-queue', visibleAt: wait.visibleAt });
  return wait;
}
