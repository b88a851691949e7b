import { describe, expect, it } from 'vitest';
import { composeBounce, type Failure } from '../../../lib/bounce/compose.ts';
import { readBounce } from '../../../lib/bounce/read-bounce.ts';
import type { Mail } from '../../../lib/intake/mail.ts';
import { readIntakeMessage } from '../../../lib/intake/read.ts';
import { deadLettersWritten, reopened } from '../../../lib/ledger/dead-letters.ts';
import type { RecipientOutcome } from '../../../lib/ledger/facts.ts';
import { parseReport } from '../../support/delivery-status.ts';
import {
  aMail,
  aRawMail,
  bounceSettings,
  built,
  context,
  enqueuedAt,
  factsOf,
  failedNotice,
  parsed,
  refused,
  settled,
} from '../../support/failed-mail.ts';

const outcomes: Record<string, RecipientOutcome> = {
  'ada@example.org': refused('550 5.1.1 No'),
  'bob@example.net': refused('550 5.1.1 No'),
};

async function aFailure(mail: Mail = aMail(), failed = outcomes): Promise<Failure> {
  const item = settled(mail, failed);
  return { mail, item, notice: failedNotice(item), original: await parsed(mail) };
}

function bounceMail(failure: Failure, settings = bounceSettings, allowedFromDomains: readonly string[] = []): Mail {
  const { body = '' } = composeBounce(failure, settings) ?? {};
  const read = readIntakeMessage(
    { body, messageId: 'sqs-2', sentTimestamp: 0, attributes: {} },
    { allowedFromDomains, attachmentBuckets: [] },
  );
  if (!read.ok) throw new Error(JSON.stringify(read.errors));
  return read.mail;
}

const keyOf = (failure: Failure) => composeBounce(failure, bounceSettings)?.key;

describe('the bounce as an intake message', () => {
  it('is taken in also where only the sender domain is allowed, and built without a change but its id', async () => {
    const mail = bounceMail(await aFailure(), bounceSettings, ['example.com']);

    const sent = await parseReport(await built(mail));
    expect(mail.envelope).toEqual({ from: '', to: ['shop@example.com'] });
    expect(sent.recipients.map((fields) => fields['final-recipient'])).toEqual([
      'rfc822; ada@example.org',
      'rfc822; bob@example.net',
    ]);
    expect(sent.mail.headers.get('x-postroom-id')).toMatch(/^[0-9a-f]{40}$/);
  });

  it('is recognised by the sender, with the domains of its author and of its return path', async () => {
    const settings = { ...bounceSettings, from: 'daemon@mail.example.com' };

    expect(readBounce(bounceMail(await aFailure(), settings))).toEqual({
      authorDomain: 'mail.example.com',
      returnPathDomain: 'example.com',
    });
  });

  it.each([
    ['a mail with a sender', aRawMail('From: a@example.com\nX-Postroom-Bounce: failed\nTo: b@example.org\n\n')],
    ['another mail with a null sender', aMail({ envelope: { from: '' } })],
    ['a raw one of these', aRawMail('From: a@example.com\nTo: b@example.org\n\n', { envelope: { from: '' } })],
  ])('%s is none', (_, mail) => {
    expect(readBounce(mail)).toBeUndefined();
  });

  it('reports as the stage is configured', async () => {
    const settings = { ...bounceSettings, from: 'daemon@example.com', reportingMta: 'mx.example.com' };

    const { mail, message } = await parseReport(await built(bounceMail(await aFailure(), settings)));
    expect(mail.from?.value[0]?.address).toBe('daemon@example.com');
    expect(message['reporting-mta']).toBe('dns; mx.example.com');
  });

  it('leaves an envelope id out that is no single ASCII word', async () => {
    const { message } = await parseReport(await built(bounceMail(await aFailure(aMail({}, 'Ärger mit Leerzeichen')))));

    expect(message).not.toHaveProperty('original-envelope-id');
  });

  it('stays far below the size of an intake message when everything is as long as it can be', async () => {
    const to = Array.from({ length: 100 }, (_, index) => `${'x'.repeat(60)}${index}@${'d.'.repeat(90)}example.org`);
    const long = `550 5.1.1 ${'ä'.repeat(500)}`;
    const headers = { 'X-Long': Array.from({ length: 100 }, () => 'y '.repeat(2500)) };
    const mail = aMail({ to, headers });
    const failure = await aFailure(mail, Object.fromEntries(mail.envelope.to.map((one) => [one, refused(long)])));

    expect(composeBounce(failure, bounceSettings)?.body.length).toBeLessThan(700 * 1024);
    const { original } = await parseReport(await built(bounceMail(failure)));
    expect(original?.headers.get('x-postroom-fields-omitted')).toMatch(/^\d+$/);
  });

  it('is nothing when nobody has failed', async () => {
    const mail = aMail();
    const item = settled(mail, {});

    expect(
      composeBounce({ mail, item, notice: failedNotice(item), original: await parsed(mail) }, bounceSettings),
    ).toBeUndefined();
  });
});

describe('the key of a bounce', () => {
  it('is the same for the same failure, and another for another mail or other recipients', async () => {
    const key = keyOf(await aFailure());

    expect(keyOf(await aFailure())).toBe(key);
    expect(keyOf(await aFailure(aMail({}, 'order-5678')))).not.toBe(key);
    expect(keyOf(await aFailure(aMail(), { 'ada@example.org': refused('550 No') }))).not.toBe(key);
  });

  it('is another when the mail fails again after a redrive', async () => {
    const first = await aFailure();
    const [id = ''] = failedNotice(first.item).deadLetterIds;
    const paid = deadLettersWritten(first.item, [id], context(enqueuedAt));
    const again = reopened(paid, id, factsOf(first.mail), context(enqueuedAt + 86_400_000));
    const item = settled(first.mail, outcomes, enqueuedAt + 86_400_000);

    expect(again.recipients).toEqual({});
    expect(keyOf({ ...first, item, notice: failedNotice(item) })).not.toBe(keyOf(first));
  });

  it('differs between a delay notice and the bounce that follows', async () => {
    const mail = aMail();
    const item = settled(mail, {});
    const notice = { kind: 'delayed', retryUntil: enqueuedAt + 1000 } as const;

    expect(keyOf({ mail, item, notice, original: await parsed(mail) })).not.toBe(keyOf(await aFailure()));
  });
});
