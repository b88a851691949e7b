import { fieldsNamed, type RawField, type RawHead } from '../mime/raw-message.ts';
import { field, oneLine } from './fields.ts';

/** More than that helps nobody, and must fit into an intake message. */
const maxHeaderBytes = 64 * 1024;

/** Values of every field with that name (in lower case), unfolded. */
export function headerValues({ bytes, fields }: RawHead, name: string): readonly string[] {
  return fieldsNamed(fields, name).map(({ start, end }) => {
    const text = bytes.toString('utf8', start, end);
    return oneLine(text.slice(text.indexOf(':') + 1));
  });
}

/** The header section without the body, lines as they were; what is beyond 64 KiB is left out and counted. */
export function headerSection({ bytes, fields }: RawHead): Buffer {
  const kept: RawField[] = [];
  let total = 0;
  for (const one of fields) {
    total += one.end - one.start;
    if (total > maxHeaderBytes) break;
    kept.push(one);
  }
  const omitted = fields.length - kept.length;
  return Buffer.concat([
    ...kept.map(({ start, end }) => bytes.subarray(start, end)),
    Buffer.from(omitted === 0 ? '' : field('X-Postroom-Fields-Omitted', String(omitted))),
  ]);
}

/** `<id@domain>` of the message, for In-Reply-To. */
export function originalMessageId(message: RawHead): string | undefined {
  const [value = ''] = headerValues(message, 'message-id');
  return /^<[!-;=?-~]{1,900}>$/.test(value) ? value : undefined;
}
