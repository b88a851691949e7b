import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BouncePublisher, createBouncePublisher, type PublisherOptions } from '../../../lib/bounce/publisher.ts';
import type { Mail } from '../../../lib/intake/mail.ts';
import { readIntakeMessage } from '../../../lib/intake/read.ts';
import type { FetchedObject } from '../../../lib/mime/contracts.ts';
import { type HeadDependencies, readMailHead } from '../../../lib/mime/head.ts';
import { systemClock } from '../../../lib/platform/clock.ts';
import { parseReport } from '../../support/delivery-status.ts';
import {
  aMail,
  aRawMail,
  bounceSettings,
  built,
  deferred,
  failedNotice,
  refused,
  settled,
} from '../../support/failed-mail.ts';
import { type QueueService, startQueues } from '../../support/queue.ts';

let queues: QueueService;
let queueUrl: string;
beforeAll(async () => {
  queues = await startQueues();
});
afterAll(() => queues.close());
beforeEach(async () => {
  queueUrl = await queues.create(`intake-${Math.floor(performance.now() * 1000)}`);
});

const s3Mail = () =>
  aMail({ raw: { s3: { bucket: 'mails', key: 'k' } }, from: 'shop@example.com', to: ['ada@example.org'] });

const nothing: HeadDependencies['fetchStart'] = async () => ({
  ok: false,
  reason: 'retry',
  error: new Error('S3 away'),
});

function aPublisher(options: Partial<PublisherOptions> = {}, fetchStart = nothing): BouncePublisher {
  return createBouncePublisher({
    sqs: queues.sqs,
    queueUrl,
    settings: bounceSettings,
    clock: systemClock,
    readHead: (mail, { date }) => readMailHead(mail, { date, fetchStart }),
    ...options,
  });
}

/** As S3 gives the start of an object. */
const holding =
  (content: string): HeadDependencies['fetchStart'] =>
  async (_, bytes) => ({ ok: true, bytes: Buffer.from(content.replace(/\n/g, '\r\n')).subarray(0, bytes) });

/** Every recipient of the mail is refused for good, and its sender is told unless a guard forbids it. */
function fail(mail: Mail, publisher = aPublisher(), withinMs = 60_000) {
  const item = settled(mail, Object.fromEntries(mail.envelope.to.map((address) => [address, refused('550 5.1.1 No')])));
  return publisher.publish({ mail, item, notice: failedNotice(item), deadline: Date.now() + withinMs });
}

function readBody(body: string): Mail {
  const record = { body, messageId: 'sqs-2', sentTimestamp: 0, attributes: {} };
  const read = readIntakeMessage(record, { allowedFromDomains: ['example.com'], attachmentBuckets: [] });
  if (!read.ok) throw new Error(JSON.stringify(read.errors));
  return read.mail;
}

describe('publishing a bounce', () => {
  it('puts a message on the intake queue that the sender reads and builds', async () => {
    const result = await fail(aMail());

    const [body = ''] = await queues.drain(queueUrl);
    const mail = readBody(body);
    const { recipients } = await parseReport(await built(mail));
    expect(result).toEqual({ kind: 'published', key: mail.key });
    expect(mail.envelope).toEqual({ from: '', to: ['shop@example.com'] });
    expect(recipients.map((fields) => fields['status'])).toEqual(['5.1.1', '5.1.1']);
  });

  it('twice, after a crash, puts the same message there: same key, same content', async () => {
    await fail(aMail());
    await fail(aMail());

    const [first = '', second = ''] = await queues.drain(queueUrl);
    expect(second).toBe(first);
    expect(readBody(second).payloadHash).toBe(readBody(first).payloadHash);
  });

  it('of a mail with attachments fetches none, and carries the headers that it was sent with', async () => {
    const mail = aMail({ attachments: [{ filename: 'a.pdf', s3: { bucket: 'mails', key: 'k' } }] });
    const withIt = { ...mail, content: inline(mail, 'c29tZXRoaW5n') };

    await fail(mail);

    const [body = ''] = await queues.drain(queueUrl);
    const { original } = await parseReport(await built(readBody(body)));
    const sent = (await built(withIt)).toString().split('\r\n\r\n')[0] ?? '';
    expect(original?.headerLines.map(({ line }) => line)).toEqual(sent.split(/\r\n(?! )/));
  });

  it.each([
    ['is sound', 'Body\n'],
    ['was refused for a line that is too long', `${'y'.repeat(1200)}\n`],
    ['is larger than a mail may be', 'y\n'.repeat(400_000)],
  ])('of a mail that lies in S3 carries its headers, when the message %s', async (_, text) => {
    await fail(s3Mail(), aPublisher({}, holding(`From: shop@example.com\nSubject: From afar\n\n${text}`)));

    const [body = ''] = await queues.drain(queueUrl);
    const { original } = await parseReport(await built(readBody(body)));
    expect(original?.subject).toBe('From afar');
    expect(original?.headers.get('x-postroom-id')).toMatch(/^[0-9a-f]{40}$/);
  });

  it('of a mail that was refused for its headers carries them as they came', async () => {
    const headers = `From: shop@example.com\nno field\nSubject: ${'x'.repeat(1500)}\nX-Odd: \0\n`;
    await fail(s3Mail(), aPublisher({}, holding(`${headers}\nBody\n`)));

    const [body = ''] = await queues.drain(queueUrl);
    const { original } = await parseReport(await built(readBody(body)));
    expect(original?.subject).toBe('x'.repeat(1500));
  });

  it('is put off while S3 is away', async () => {
    expect(await fail(s3Mail())).toMatchObject({ kind: 'postponed', error: { message: 'S3 away' } });
    expect(await queues.drain(queueUrl)).toEqual([]);
  });

  it('is left out when nobody can say any more what the headers were', async () => {
    const gone: FetchedObject = { ok: false, reason: 'unavailable', rule: 'names an object that does not exist' };

    expect(
      await fail(
        s3Mail(),
        aPublisher({}, async () => gone),
      ),
    ).toEqual({
      kind: 'suppressed',
      why: 'headers-unreadable',
    });
    expect(await queues.drain(queueUrl)).toEqual([]);
  });

  it.each([
    ['Precedence: bulk', 'bulk'],
    ['Auto-Submitted: auto-generated', 'auto-submitted'],
    ['Content-Type: multipart/report; report-type=delivery-status; boundary=b', 'report'],
    ['X-Postroom-Bounce: failed', 'bounce'],
  ])('is not done for a mail with %s that broke a rule before it could be sent', async (line, why) => {
    const fields = `From: shop@example.com\nTo: x@example.org\n${line}\n`;
    const broken = [`${fields}\n${'y'.repeat(1200)}\n`, `From a mailbox\n${fields}\n\0\n`, `${fields}${fields}\nHi\n`];

    for (const content of broken) {
      expect(await fail(s3Mail(), aPublisher({}, holding(content)))).toEqual({ kind: 'suppressed', why });
    }
    expect(await queues.drain(queueUrl)).toEqual([]);
  });

  it('rejects when the queue does not take it', async () => {
    await expect(fail(aMail(), aPublisher({ queueUrl: `${queueUrl}-gone` }))).rejects.toThrow();
  });

  it('rejects when the queue does not answer before the deadline', async () => {
    const silent = createServer(() => undefined);
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    const { region, credentials } = queues.sqs.config;
    const endpoint = `http://127.0.0.1:${port}`;
    const sqs = new SQSClient({ endpoint, region, credentials, useQueueUrlAsEndpoint: false });

    await expect(fail(aMail(), aPublisher({ sqs }), 300)).rejects.toThrow(/abort/i);

    sqs.destroy();
    silent.closeAllConnections();
    silent.close();
  });

  it('of a delay names who is still waited for', async () => {
    const mail = aMail();
    const item = settled(mail, {
      'ada@example.org': { status: 'accepted', relay: 'primary', reply: { code: 250, text: 'ok' } },
      'bob@example.net': deferred('450 4.2.1 Busy'),
    });
    const notice = { kind: 'delayed', retryUntil: Date.parse('2026-11-28T10:00:00Z') } as const;

    await aPublisher().publish({ mail, item, notice, deadline: Date.now() + 60_000 });

    const [body = ''] = await queues.drain(queueUrl);
    const { recipients } = await parseReport(await built(readBody(body)));
    expect(recipients).toMatchObject([{ 'final-recipient': 'rfc822; bob@example.net', action: 'delayed' }]);
  });

  it.each([
    ['switched off by the publisher', aMail({ bounces: 'off' }), 'switched-off'],
    ['from nobody', aMail({ envelope: { from: '' } }), 'null-sender'],
    ['sent automatically', aMail({ headers: { 'Auto-Submitted': 'auto-generated' } }), 'auto-submitted'],
  ])('is not done for a mail %s', async (_, mail, why) => {
    expect(await fail(mail)).toEqual({ kind: 'suppressed', why });
    expect(await queues.drain(queueUrl)).toEqual([]);
  });
});

/**
 * Each Postroom's mail comes to the other as inbound mail, and a careless gateway there hands it to its own Postroom,
 * which fails to deliver it.
 */
describe('two Postrooms that bounce to each other', () => {
  const gateways: Readonly<Record<string, (bounce: Mail, bytes: Buffer) => Promise<Mail>>> = {
    'keeps the null sender': async (_, bytes) =>
      aRawMail(bytes.toString('latin1'), { envelope: { from: '', to: ['x@example.org'] } }),
    'takes From for the sender': async (_, bytes) =>
      aRawMail(bytes.toString('latin1'), { envelope: { to: ['x@example.org'] } }),
    'sends as itself': async (_, bytes) =>
      aRawMail(bytes.toString('latin1'), { envelope: { from: 'gateway@example.com', to: ['x@example.org'] } }),
    'drops every X- header': async (_, bytes) =>
      aRawMail(bytes.toString('latin1').replace(/^X-.*\r\n/gm, ''), {
        envelope: { from: 'gateway@example.com', to: ['x@example.org'] },
      }),
    'copies subject and text into a new mail': async (_, bytes) => {
      const { mail, text } = await parseReport(bytes);
      return aMail({ from: mail.from?.value[0]?.address, to: ['x@example.org'], subject: mail.subject, text });
    },
  };

  it.each(Object.entries(gateways))('stop at once when the gateway %s', async (_, gateway) => {
    await fail(aMail());
    const [body = ''] = await queues.drain(queueUrl);
    const bounce = readBody(body);

    const answer = await fail(await gateway(bounce, await built(bounce)));

    expect(answer.kind).toBe('suppressed');
    expect(await queues.drain(queueUrl)).toEqual([]);
  });

  it('stop also when the bounce itself fails', async () => {
    await fail(aMail());
    const [body = ''] = await queues.drain(queueUrl);

    expect(await fail(readBody(body))).toEqual({ kind: 'suppressed', why: 'null-sender' });
  });
});

function inline({ content }: Mail, base64: string): Mail['content'] {
  if (content.kind === 'raw') return content;
  const attachments = content.fields.attachments.map((one) => ({
    ...one,
    source: { kind: 'inline', base64 } as const,
  }));
  return { kind: 'composed', fields: { ...content.fields, attachments } };
}
