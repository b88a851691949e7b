import { domainOf } from '../intake/addresses.ts';
import type { Mail } from '../intake/mail.ts';
import { fieldsNamed, parseRawMessage } from '../mime/raw-message.ts';
import { bounceHeader } from './report.ts';

/** What the sender needs to know of a mail that is a bounce of Postroom's. */
export interface ReceivedBounce {
  /** Domain of its author: relays are chosen by it, as the envelope sender is null. */
  readonly authorDomain: string;
  /** Domain of the return path it goes to, lower-case A-labels or an address literal. */
  readonly returnPathDomain: string;
}

/** Undefined for every other mail; costs nothing for mail with a sender. */
export function readBounce({ envelope, content }: Mail): ReceivedBounce | undefined {
  const [returnPath] = envelope.to;
  if (envelope.from !== '' || returnPath === undefined) return undefined;
  if (content.kind !== 'raw' || content.source.kind !== 'inline') return undefined;
  const parsed = parseRawMessage(Buffer.from(content.source.base64, 'base64'));
  if (!parsed.ok || fieldsNamed(parsed.value.fields, bounceHeader.toLowerCase()).length === 0) return undefined;
  return { authorDomain: domainOf(parsed.value.from[0] ?? ''), returnPathDomain: domainOf(returnPath) };
}
