import type { IntakeMessage } from '../contracts/intake-message.ts';
import { maxRecipients } from '../contracts/intake-message.ts';
import { parseMailbox } from './addresses.ts';
import type { Errors } from './content.ts';
import type { MailEnvelope } from './mail.ts';

/** What the headers say, where the message has no `envelope`. Undefined: they cannot be seen before the mail is sent. */
export interface ImpliedEnvelope {
  readonly from: string | undefined;
  readonly to: readonly string[] | undefined;
}

/** The envelope: what the message sets explicitly, else what its headers imply. Undefined after an error. */
export function readEnvelope(
  message: IntakeMessage,
  implied: ImpliedEnvelope,
  errors: Errors,
): MailEnvelope | undefined {
  const from = message.envelope?.from === undefined ? implied.from : readReversePath(message.envelope.from, errors);
  const explicit = message.envelope?.to?.map((path, index) => readPath(`envelope.to[${index}]`, path, errors));
  const to = [...new Set(explicit ?? implied.to ?? [])];
  if (errors.length > 0) return undefined;
  if (from === undefined) errors.push({ field: 'envelope.from', rule: 'is required when "from" is not given' });
  if (to.length === 0)
    errors.push({ field: 'to', rule: 'must name at least one recipient (to, cc, bcc or envelope.to)' });
  if (to.length > maxRecipients) {
    errors.push({ field: 'to', rule: `must not have more than ${maxRecipients} recipients, has ${to.length}` });
  }
  return from === undefined || errors.length > 0 ? undefined : { from, to };
}

/** RFC 5321 §4.5.5: the null reverse-path of notifications, which must not be answered. */
function readReversePath(path: string, errors: Errors): string {
  return path.trim() === '' || path.trim() === '<>' ? '' : readPath('envelope.from', path, errors);
}

function readPath(field: string, path: string, errors: Errors): string {
  const parsed = parseMailbox(path);
  if (parsed.ok && parsed.value.name === '') return parsed.value.address;
  errors.push({ field, rule: parsed.ok ? 'must be an address without a name' : parsed.rule });
  return '';
}
