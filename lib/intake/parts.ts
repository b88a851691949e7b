import type { IntakeMessage } from '../contracts/intake-message.ts';
import { parseRawMessage, rawRecipients } from '../mime/raw-message.ts';
import { type Errors, readComposed, readMailbox, readMailboxes, readSource } from './content.ts';
import type { ImpliedEnvelope } from './envelope.ts';
import type { ContentSource, Mailbox, MailContent } from './mail.ts';

/** What both kinds of mail are read into. Content is undefined after an error. */
export interface Parts {
  readonly content: MailContent | undefined;
  readonly implied: ImpliedEnvelope;
  /** Addresses that claim to be the sender, each with its field. */
  readonly senders: readonly { readonly field: string; readonly address: string }[];
}

export function readParts(message: IntakeMessage, errors: Errors): Parts {
  return message.raw === undefined ? readComposedMail(message, errors) : readRawMail(message, errors);
}

function readComposedMail(message: IntakeMessage, errors: Errors): Parts {
  const named = readNamed(message, errors);
  const { from, to, cc } = named;
  const content: MailContent | undefined =
    from === undefined ? undefined : { kind: 'composed', fields: readComposed(message, { from, to, cc }, errors) };
  return { content, implied: impliedBy(named), senders: senderOf(from) };
}

/** `from`, `to`, `cc` and `bcc` next to `raw` only make its envelope; without them its own headers do, if they are here. */
function readRawMail(message: IntakeMessage, errors: Errors): Parts {
  const named = readNamed(message, errors);
  const source = readSource(message.raw ?? {});
  const inside = source.kind === 'inline' ? readInlineRaw(source, errors) : undefined;
  const { from, to } = impliedBy(named);
  const own = to.length > 0 || message.envelope?.to !== undefined ? [] : inside?.recipients(errors);
  return {
    content: { kind: 'raw', source },
    implied: { from: from ?? inside?.from[0], to: to.length > 0 ? to : own },
    senders: [...senderOf(named.from), ...(inside?.from ?? []).map((address) => ({ field: 'raw.content', address }))],
  };
}

function readInlineRaw(source: Extract<ContentSource, { kind: 'inline' }>, errors: Errors) {
  const parsed = parseRawMessage(Buffer.from(source.base64, 'base64'));
  if (!parsed.ok) {
    errors.push({ field: 'raw.content', rule: parsed.rule });
    return undefined;
  }
  const recipients = (found: Errors): readonly string[] => {
    const addresses = rawRecipients(parsed.value);
    if (!addresses.ok) found.push({ field: 'raw.content', rule: addresses.rule });
    return addresses.ok ? addresses.value : [];
  };
  return { from: parsed.value.from, recipients };
}

interface Named {
  readonly from: Mailbox | undefined;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
}

function readNamed(message: IntakeMessage, errors: Errors): Named {
  return {
    from: message.from === undefined ? undefined : readMailbox('from', message.from, errors),
    to: readMailboxes('to', message.to, errors),
    cc: readMailboxes('cc', message.cc, errors),
    bcc: readMailboxes('bcc', message.bcc, errors),
  };
}

function impliedBy({ from, to, cc, bcc }: Named) {
  return { from: from?.address, to: [...to, ...cc, ...bcc].map(({ address }) => address) };
}

function senderOf(from: Mailbox | undefined) {
  return from === undefined ? [] : [{ field: 'from', address: from.address }];
}
