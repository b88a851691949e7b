import { type AddressObject, simpleParser } from 'mailparser';

export interface DeliveredMail {
  /** Decimal number, ascending in the order of arrival. */
  readonly id: string;
  readonly relay: string;
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  /** ISO 8601, UTC. */
  readonly receivedAt: string;
  readonly message: Buffer;
}

/** A mail as the HTTP interface shows it. */
export interface MailView {
  readonly id: string;
  readonly relay: string;
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly receivedAt: string;
  /** Bytes of the message. */
  readonly size: number;
  readonly subject: string;
  /** Unfolded, still encoded, by name as written; of repeated names the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

export interface MailFilter {
  /** An envelope recipient, compared case-insensitively. */
  readonly to?: string;
  /** Milliseconds since the epoch; only mails that arrived then or later. */
  readonly since?: number;
}

export interface Mailbox {
  deliver(mail: Omit<DeliveredMail, 'id' | 'receivedAt'>): void;
  /** What is kept and passes the filter, oldest first. */
  list(filter?: MailFilter): readonly DeliveredMail[];
  find(id: string): DeliveredMail | undefined;
  /** Mails ever delivered, also those that are no longer kept. */
  total(): number;
  view(mail: DeliveredMail): Promise<MailView>;
}

/** Mails in memory: the newest `maxMessages`, and no more than `maxBytes` of messages. */
export function createMailbox(
  options: { readonly maxMessages?: number; readonly maxBytes?: number; readonly now?: () => number } = {},
): Mailbox {
  const { maxMessages = 20_000, maxBytes = 256 * 1024 * 1024, now = Date.now } = options;
  // A Map keeps the order of arrival, so the oldest mail is always the first.
  const kept = new Map<string, DeliveredMail>();
  const views = new WeakMap<DeliveredMail, Promise<MailView>>();
  let total = 0;
  let bytes = 0;

  const dropOldest = () => {
    for (const mail of kept.values()) {
      if (kept.size <= maxMessages && bytes <= maxBytes) return;
      kept.delete(mail.id);
      bytes -= mail.message.length;
    }
  };
  return {
    deliver: (mail) => {
      total += 1;
      const id = String(total);
      kept.set(id, { id, ...mail, receivedAt: new Date(now()).toISOString() });
      bytes += mail.message.length;
      dropOldest();
    },
    list: (filter = {}) => [...kept.values()].filter((mail) => passes(mail, filter)),
    find: (id) => kept.get(id),
    total: () => total,
    view: (mail) => {
      const known = views.get(mail) ?? parse(mail);
      views.set(mail, known);
      return known;
    },
  };
}

function passes(mail: DeliveredMail, filter: MailFilter): boolean {
  if (filter.since !== undefined && Date.parse(mail.receivedAt) < filter.since) return false;
  const wanted = filter.to?.toLowerCase();
  return wanted === undefined || mail.envelope.to.some((address) => address.toLowerCase() === wanted);
}

async function parse(mail: DeliveredMail): Promise<MailView> {
  const { message, ...known } = mail;
  const parsed = await simpleParser(message, { skipImageLinks: true, skipTextToHtml: true });
  const headers: Record<string, string> = {};
  for (const { line } of parsed.headerLines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon)] ??= line
      .slice(colon + 1)
      .replace(/\r?\n(?=[ \t])/g, '')
      .trim();
  }
  return {
    ...known,
    size: message.length,
    subject: parsed.subject ?? '',
    headers,
    from: addressText(parsed.from),
    to: addressText(parsed.to),
    text: parsed.text ?? '',
  };
}

function addressText(addresses: AddressObject | AddressObject[] | undefined): string {
  return addresses === undefined
    ? ''
    : [addresses]
        .flat()
        .map((one) => one.text)
        .join(', ');
}
