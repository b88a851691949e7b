import { type ParsedMail, simpleParser } from 'mailparser';

/** A delivery status notification as mailparser, which had no part in writing it, reads it. */
export interface ParsedReport {
  readonly mail: ParsedMail;
  /** The part for people. */
  readonly text: string;
  readonly statusType: string;
  /** Per-message fields by lower-case name. */
  readonly message: Fields;
  readonly recipients: readonly Fields[];
  readonly headersType: string | undefined;
  /** Header fields of the original. */
  readonly original: ParsedMail | undefined;
}

export type Fields = Readonly<Record<string, string>>;

export async function parseReport(bytes: Buffer): Promise<ParsedReport> {
  const mail = await simpleParser(bytes, { skipTextToHtml: true, keepDeliveryStatus: true });
  const [status, headers] = mail.attachments;
  if (status === undefined) throw new Error('no second part');
  const groups = status.content
    .toString('utf8')
    .split(/\r?\n\r?\n/)
    .filter((group) => group.trim() !== '');
  const [message = {}, ...recipients] = await Promise.all(groups.map(fieldsOf));
  return {
    mail,
    text: mail.text ?? '',
    statusType: status.contentType,
    message,
    recipients,
    headersType: headers?.contentType,
    original: headers === undefined ? undefined : await simpleParser(headers.content),
  };
}

async function fieldsOf(group: string): Promise<Fields> {
  const { headerLines } = await simpleParser(`${group}\r\n\r\n`);
  return Object.fromEntries(
    headerLines.map(({ key, line }) => {
      // mailparser gives header lines as they were, a character for each byte.
      const text = Buffer.from(line, 'latin1').toString('utf8');
      return [
        key,
        text
          .slice(text.indexOf(':') + 1)
          .replace(/\r?\n/g, '')
          .trim(),
      ];
    }),
  );
}
