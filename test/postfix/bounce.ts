import { strict as assert } from 'node:assert';
import { composeBounce } from '../../lib/bounce/compose.ts';
import type { Mail } from '../../lib/intake/mail.ts';
import { readIntakeMessage } from '../../lib/intake/read.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import { buildMessage } from '../../lib/mime/build.ts';
import { parseRawMessage } from '../../lib/mime/raw-message.ts';

/** The bytes of the bounce about a published mail all of whose dead letters are to be reported, as Postroom makes them. */
export async function bounceAbout(body: string, item: LedgerItem): Promise<Buffer> {
  const mail = read(body);
  const original = parseRawMessage(await build(mail, item.firstSeenAt));
  assert(original.ok);
  const notice = { kind: 'failed', deadLetterIds: Object.keys(item.deadLetters) } as const;
  const bounce = composeBounce({ mail, item, notice, original: original.value }, { delayNoticeSeconds: 14_400 });
  assert(bounce !== undefined);
  return build(read(bounce.body), item.firstSeenAt);
}

function read(body: string): Mail {
  const record = { body, messageId: '', sentTimestamp: 0, attributes: {} };
  const result = readIntakeMessage(record, { allowedFromDomains: [], attachmentBuckets: [] });
  assert(result.ok);
  return result.mail;
}

async function build(mail: Mail, date: number): Promise<Buffer> {
  const built = await buildMessage(mail, {
    fetchObject: async () => ({ ok: false, reason: 'unavailable', rule: 'is not to be fetched' }),
    date,
    maxMessageBytes: 26_214_400,
    allowedFromDomains: [],
  });
  assert(built.ok);
  return built.message;
}
