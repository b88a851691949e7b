import { domainOf } from '../intake/addresses.ts';
import type { ContentSource, Mail } from '../intake/mail.ts';
import { forbiddenSenders } from '../intake/sender-domains.ts';
import { type BuildDependencies, type BuiltMessage, malformed, tooLarge } from './contracts.ts';
import { messageId, postroomId } from './identity.ts';
import { loadSource } from './load.ts';
import { fieldsNamed, parseRawMessage, type RawMessage } from './raw-message.ts';

/** Never sent on: blind copies, and an id that only Postroom gives. */
const dropped = new Set(['bcc', 'resent-bcc', 'x-postroom-id']);

/**
 * A publisher's own message: checked, stamped with Postroom's id, given a Message-ID and a Date where it has none, and
 * otherwise byte for byte what it was.
 */
export async function buildRaw(
  mail: Mail,
  source: ContentSource,
  dependencies: BuildDependencies,
): Promise<BuiltMessage> {
  const { maxMessageBytes, allowedFromDomains } = dependencies;
  const loaded = await loadSource('raw', source, maxMessageBytes, dependencies);
  if (!loaded.ok) return loaded;
  const field = source.kind === 'inline' ? 'raw.content' : 'raw.s3';
  const parsed = parseRawMessage(loaded.bytes);
  if (!parsed.ok) return malformed(field, parsed.rule);
  const senders = parsed.value.from.map((address) => ({ field, address }));
  const [forbidden] = forbiddenSenders(senders, allowedFromDomains);
  if (forbidden !== undefined) return { ok: false, reason: 'not-allowed', detail: forbidden };
  const message = stamp(mail.key, parsed.value, dependencies.date);
  if (message.length > maxMessageBytes) return tooLarge(field, `${message.length}`, maxMessageBytes);
  return { ok: true, message };
}

/** `date` in milliseconds since the epoch, for a message that lacks the field that every message has (RFC 5322 §3.6). */
function stamp(key: string, { bytes, fields, from }: RawMessage, date: number): Buffer {
  const parts: Buffer[] = [Buffer.from(`X-Postroom-Id: ${postroomId(key)}\r\n`)];
  if (fieldsNamed(fields, 'message-id').length === 0) {
    parts.push(Buffer.from(`Message-ID: ${messageId(key, domainOf(from[0] ?? ''))}\r\n`));
  }
  if (fieldsNamed(fields, 'date').length === 0) {
    parts.push(Buffer.from(`Date: ${new Date(date).toUTCString().replace('GMT', '+0000')}\r\n`));
  }
  let kept = 0;
  for (const { name, start, end } of fields) {
    if (!dropped.has(name)) continue;
    parts.push(bytes.subarray(kept, start));
    kept = end;
  }
  parts.push(bytes.subarray(kept));
  return Buffer.concat(parts);
}
