import { domainToUnicode } from 'node:url';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { composeBounce } from '../../../lib/bounce/compose.ts';
import type { Notice } from '../../../lib/bounce/recipients.ts';
import { intakeMessage } from '../../../lib/contracts/intake-message.ts';
import { domainOf } from '../../../lib/intake/addresses.ts';
import type { Mail } from '../../../lib/intake/mail.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { failPending } from '../../../lib/ledger/transitions.ts';
import { type Fields, parseReport } from '../../support/delivery-status.ts';
import {
  aMail,
  aRawMail,
  bounceSettings,
  context,
  deferred,
  enqueuedAt,
  factsOf,
  failedAt,
  failedNotice,
  parsed,
  refused,
  settled,
} from '../../support/failed-mail.ts';

interface Case {
  readonly name: string;
  readonly mail: Mail;
  readonly item: (mail: Mail) => LedgerItem;
  readonly notice?: Notice;
  readonly statusType?: string;
  readonly recipients: readonly Fields[];
  readonly says: readonly string[];
}

const at = 'Mon, 23 Nov 2026 10:05:00 +0000';
const recipient = (address: string, rest: Fields, type = 'rfc822'): Fields => ({
  'original-recipient': `${type}; ${address}`,
  'final-recipient': `${type}; ${address}`,
  action: 'failed',
  ...rest,
});
const tried = { 'remote-mta': 'x-postroom-relay; primary', 'last-attempt-date': at };
const manyAddresses = Array.from({ length: 100 }, (_, index) => `user${index}@example.org`);
const longReply = `550 5.7.1 ${'See https://example.org/why?token='.padEnd(400, 'x')} ${'and the policy '.repeat(30)}`;

const cases: readonly Case[] = [
  {
    name: 'rejected',
    mail: aMail(),
    item: (mail) =>
      settled(mail, {
        'ada@example.org': { status: 'accepted', relay: 'primary', reply: { code: 250, text: 'queued as 4711' } },
        'bob@example.net': refused('550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown'),
      }),
    recipients: [
      recipient('bob@example.net', {
        ...tried,
        status: '5.1.1',
        'diagnostic-code': 'smtp; 550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown',
      }),
    ],
    says: ['refused for good', 'check the address for typing errors', 'with the subject "Your receipt"'],
  },
  {
    name: 'expired',
    mail: aMail({ to: ['ada@example.org'] }),
    item: (mail) => {
      const waiting = settled(mail, { 'ada@example.org': deferred('450 4.2.1 Mailbox busy') });
      const message = 'the mail expired at 2026-11-23T11:00:00.000Z before every recipient had it';
      return failPending(waiting, factsOf(mail), { reason: 'expired', message }, context(failedAt + 3_300_000));
    },
    recipients: [
      recipient('ada@example.org', {
        ...tried,
        status: '5.4.7',
        'diagnostic-code': 'smtp; 450 4.2.1 Mailbox busy',
      }),
    ],
    says: ['has passed before it could be delivered', '450 4.2.1 Mailbox busy'],
  },
  {
    name: 'mixed',
    mail: aMail({ to: ['ada@example.org', 'bob@example.net', '"two words"@example.net', 'eve@example.org'] }),
    item: (mail) =>
      settled(mail, {
        'ada@example.org': refused('552 5.2.2 Mailbox full'),
        'bob@example.net': refused('550 No'),
        '"two words"@example.net': { status: 'failed', reason: 'poison' },
        'eve@example.org': deferred('450 4.2.1 Greylisted'),
      }),
    recipients: [
      recipient('ada@example.org', { ...tried, status: '5.2.2', 'diagnostic-code': 'smtp; 552 5.2.2 Mailbox full' }),
      recipient('bob@example.net', { ...tried, status: '5.0.0', 'diagnostic-code': 'smtp; 550 No' }),
      recipient('"two words"@example.net', { status: '5.3.0', 'diagnostic-code': 'x-postroom; poison' }),
    ],
    says: ['the mailbox is full', 'The fault is its own', '3 recipients'],
  },
  {
    name: 'uncertain',
    mail: aMail({ to: ['ada@example.org'], onUncertain: 'hold' }),
    item: (mail) =>
      settled(mail, {
        'ada@example.org': {
          status: 'failed',
          reason: 'uncertain',
          relay: 'primary',
          doubts: 1,
          failure: {
            phase: 'final-reply',
            reused: false,
            error: { kind: 'closed', message: 'the relay closed the connection' },
          },
        },
      }),
    recipients: [
      recipient('ada@example.org', {
        ...tried,
        status: '5.4.2',
        'diagnostic-code': 'x-postroom; final-reply: the relay closed the connection',
      }),
    ],
    says: ['It may have arrived, or it may not', 'ask the recipient before you send it again'],
  },
  {
    name: 'attachment',
    mail: aMail({ to: ['ada@example.org'], attachments: [{ filename: 'a.pdf', s3: { bucket: 'mails', key: 'k' } }] }),
    item: (mail) => {
      const reason = 'attachment-unavailable';
      const message = 'attachments[0].s3: names an object that does not exist';
      return failPending(settled(mail, {}), factsOf(mail), { reason, message }, context(failedAt));
    },
    recipients: [
      recipient('ada@example.org', {
        status: '5.6.0',
        'diagnostic-code': 'x-postroom; attachments[0].s3: names an object that does not exist',
      }),
    ],
    says: ['a part of it could not be read', 'names an object that does not exist'],
  },
  {
    name: 'delayed',
    mail: aMail(),
    item: (mail) =>
      settled(mail, {
        'ada@example.org': { status: 'accepted', relay: 'primary', reply: { code: 250, text: 'queued' } },
        'bob@example.net': deferred('550 5.7.1 Service unavailable; client blocked using zen.spamhaus.org'),
      }),
    notice: { kind: 'delayed', retryUntil: enqueuedAt + 432_000_000 },
    recipients: [
      recipient('bob@example.net', {
        ...tried,
        action: 'delayed',
        status: '4.7.1',
        'diagnostic-code': 'smtp; 550 5.7.1 Service unavailable; client blocked using zen.spamhaus.org',
        'will-retry-until': 'Sat, 28 Nov 2026 10:00:00 +0000',
      }),
    ],
    says: ['has not been delivered yet', 'You need not do anything', 'until Sat, 28 Nov 2026 10:00:00 +0000'],
  },
  {
    name: 'utf-8',
    mail: aMail({ from: 'bücher@bücher.example', to: ['jürgen@exämple.org', 'ada@example.org'], subject: 'Grüße' }),
    item: (mail) =>
      settled(mail, {
        'jürgen@xn--exmple-cua.org': refused('550 5.1.1 Unbekannter Empfänger'),
        'ada@example.org': refused('550 5.1.1 unknown'),
      }),
    statusType: 'message/global-delivery-status',
    recipients: [
      recipient(
        'jürgen@xn--exmple-cua.org',
        { ...tried, status: '5.1.1', 'diagnostic-code': 'smtp; 550 5.1.1 Unbekannter Empfänger' },
        'utf-8',
      ),
      recipient('ada@example.org', { ...tried, status: '5.1.1', 'diagnostic-code': 'smtp; 550 5.1.1 unknown' }),
    ],
    says: ['jürgen@xn--exmple-cua.org', 'with the subject "Grüße"'],
  },
  {
    name: 'long-reply',
    mail: aMail({ to: ['ada@example.org'] }),
    item: (mail) => settled(mail, { 'ada@example.org': refused(longReply) }),
    recipients: [
      recipient('ada@example.org', {
        ...tried,
        status: '5.7.1',
        'diagnostic-code': expect.stringMatching(/^smtp; 550 5\.7\.1 See https:.*x{100} x{100}.*and the policy$/),
      }),
    ],
    says: ["the recipient's side does not accept this mail"],
  },
  {
    name: 'many-recipients',
    mail: aMail({ to: manyAddresses }),
    item: (mail) => settled(mail, Object.fromEntries(manyAddresses.map((one) => [one, refused('550 5.1.1 No')]))),
    recipients: manyAddresses.map((address) =>
      recipient(address, { ...tried, status: '5.1.1', 'diagnostic-code': 'smtp; 550 5.1.1 No' }),
    ),
    says: ['100 recipients', 'user99@example.org'],
  },
  {
    name: 'raw',
    mail: aRawMail(
      'From: shop@example.com\nTo: ada@example.org\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <1@shop>\n\nSecret body\n',
      { envelope: { from: 'returns@example.com' } },
    ),
    item: (mail) => settled(mail, { 'ada@example.org': refused('554 5.7.1 spam') }),
    recipients: [
      recipient('ada@example.org', { ...tried, status: '5.7.1', 'diagnostic-code': 'smtp; 554 5.7.1 spam' }),
    ],
    says: ['Your mail of Mon, 23 Nov 2026 10:00:00 +0000 could not'],
  },
];

async function bounceOf({ mail, item, notice }: Case) {
  const held = item(mail);
  const failure = { mail, item: held, notice: notice ?? failedNotice(held), original: await parsed(withoutS3(mail)) };
  const bounce = composeBounce(failure, bounceSettings);
  if (bounce === undefined) throw new Error('nobody to report');
  const message = v.parse(intakeMessage, JSON.parse(bounce.body));
  return { ...bounce, message, report: Buffer.from(message.raw?.content ?? '', 'base64') };
}

/** The publisher reads the headers without fetching what is attached. */
function withoutS3(mail: Mail): Mail {
  return mail.content.kind === 'composed'
    ? { ...mail, content: { kind: 'composed', fields: { ...mail.content.fields, attachments: [] } } }
    : mail;
}

describe.each(cases)('the bounce "$name"', (one) => {
  it('is the golden file', async () => {
    const { report } = await bounceOf(one);

    const text = report.toString('utf8').replace(/\r\n/g, '\n');
    await expect(text).toMatchFileSnapshot(`../../corpus/bounces/${one.name}.eml`);
  });

  it('says to an independent parser what happened to whom', async () => {
    const { report } = await bounceOf(one);

    const { mail, text, statusType, message, recipients } = await parseReport(report);
    expect(statusType).toBe(one.statusType ?? 'message/delivery-status');
    expect(recipients).toEqual(one.recipients);
    expect(message).toMatchObject({
      'reporting-mta': `dns; ${one.mail.envelope.from.split('@')[1]}`,
      'arrival-date': 'Mon, 23 Nov 2026 10:00:00 +0000',
      'original-envelope-id': 'order-1234/receipt',
    });
    for (const phrase of one.says) expect(text.replace(/\s+/g, ' ')).toContain(phrase);
    expect(mail.headers.get('content-type')).toMatchObject({
      value: 'multipart/report',
      params: { 'report-type': 'delivery-status' },
    });
  });

  it('goes from the daemon to the return path with a null sender, and asks for no answer', async () => {
    const { message, report } = await bounceOf(one);

    const { mail } = await parseReport(report);
    const domain = domainOf(one.mail.envelope.from);
    expect(message.envelope).toEqual({ from: '', to: [one.mail.envelope.from] });
    expect(mail.from?.value).toEqual([
      { name: 'Mail Delivery System', address: `MAILER-DAEMON@${domainToUnicode(domain)}` },
    ]);
    expect(mail.to).toMatchObject({ text: `${one.mail.envelope.from.split('@')[0]}@${domainToUnicode(domain)}` });
    expect(mail.headers.get('auto-submitted')).toBe('auto-replied');
    expect(mail.headers.get('x-postroom-bounce')).toBe(one.notice?.kind ?? 'failed');
    expect(mail.messageId).toMatch(new RegExp(`^<[0-9a-f]{40}@${domain}>$`));
  });

  it('carries the headers of the mail, not its body, and refers to it', async () => {
    const { report } = await bounceOf(one);
    const sent = await parsed(withoutS3(one.mail));

    const { mail, original, headersType } = await parseReport(report);
    expect(headersType).toBe(one.statusType === undefined ? 'text/rfc822-headers' : headersType);
    expect(original?.subject).toBe(one.name === 'raw' || one.name === 'utf-8' ? 'Grüße' : 'Your receipt');
    expect(original?.headerLines).toHaveLength(sent.fields.length);
    expect(mail.inReplyTo).toBe(original?.messageId);
    expect(mail.references).toBe(original?.messageId);
    expect(report.toString()).not.toMatch(/Thanks\.|Secret body/);
  });

  it('has lines that SMTP takes, ends them with CRLF, and is seven-bit but for the address in To', async () => {
    const { report } = await bounceOf(one);

    const lines = report.toString('latin1').split('\r\n');
    expect(lines.join('')).not.toMatch(/[\r\n]/);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(998);
    expect(lines.filter((line) => /[^\t -~]/.test(line) && !line.startsWith('To: '))).toEqual([]);
  });

  it('is the same each time', async () => {
    const [first, second] = [await bounceOf(one), await bounceOf(one)];

    expect(second).toEqual(first);
  });
});
