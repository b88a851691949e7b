import type { NetworkError } from '../outcome/outcome.ts';
import type { Bounds } from './bounds.ts';
import { Conversation, type ConversationEnd } from './conversation.ts';
import { type Extensions, sizeLimit } from './extensions.ts';
import { failedBy } from './failure.ts';
import type { Link } from './link.ts';
import type { Transaction, TransactionResult } from './transport.ts';

const nonAscii = /[\u0080-\uffff]/;
const needsUtf8: NetworkError = { kind: 'incapable', message: 'the relay does not offer SMTPUTF8' };

/**
 * One transaction on an idle session. Never rejects. What the relay cannot take is refused before anything is sent. So is
 * everything when the time is short: where the relay pipelines, DATA leaves with the envelope and cannot be held back.
 */
export async function transact(
  link: Link,
  transaction: Transaction,
  bounds: Bounds,
  reused: boolean,
): Promise<ConversationEnd> {
  const { envelope, message } = transaction;
  const refusal = refusalOfAll(transaction, link.extensions, bounds);
  const to = envelope.to.filter((address) => refusal === undefined && takes(link.extensions, address));
  const failed: TransactionResult['failed'] = envelope.to
    .filter((address) => !to.includes(address))
    .map((address) => ({ address, failure: failedBy('mail', refusal ?? needsUtf8, reused) }));
  if (to.length === 0) return { result: { accepted: [], failed, timings: {} }, session: 'ready' };
  const possible = { envelope: { from: envelope.from, to }, message };
  const { result, session } = await new Conversation(link, possible, bounds, reused).run(possible);
  return { result: { ...result, failed: [...failed, ...result.failed] }, session };
}

function refusalOfAll(
  { envelope, message }: Transaction,
  extensions: Extensions,
  { clock, timeouts, deadline }: Bounds,
): NetworkError | undefined {
  if (clock.now() + timeouts.finalReplyMs > deadline) {
    return { kind: 'deadline', message: 'too little time before the deadline for the final reply' };
  }
  const limit = sizeLimit(extensions);
  if (limit !== undefined && message.length > limit) {
    return { kind: 'incapable', message: `message size ${message.length} is larger than the allowed ${limit} bytes` };
  }
  return takes(extensions, envelope.from) ? undefined : needsUtf8;
}

/** Addresses with other characters than ASCII need SMTPUTF8 (RFC 6531 §3.2); domains come as A-labels. */
function takes(extensions: Extensions, address: string): boolean {
  return extensions.has('SMTPUTF8') || !nonAscii.test(address);
}
