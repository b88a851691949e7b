import { describe, expect, it } from 'vitest';
import { dueDelayNotice } from '../../../lib/bounce/delay.ts';
import { reopened } from '../../../lib/ledger/dead-letters.ts';
import { delayNoticed } from '../../../lib/ledger/waits.ts';
import {
  aMail,
  bounceSettings,
  context,
  deferred,
  enqueuedAt,
  factsOf,
  refused,
  settled,
} from '../../support/failed-mail.ts';

const mail = aMail({ to: ['ada@example.org'] });
const late = settled(mail, { 'ada@example.org': deferred('450 4.2.1 Busy') });
const fourHours = enqueuedAt + 14_400_000;
const noticeFor = (item = late, now = fourHours) =>
  dueDelayNotice({ item, recipients: mail.envelope.to, now, maxAgeSeconds: 432_000 }, bounceSettings);

describe('a delay notice', () => {
  it('is due when the mail is late, and says until when it is tried', () => {
    expect(noticeFor(late, fourHours - 1)).toBeUndefined();
    expect(noticeFor()).toEqual({ kind: 'delayed', retryUntil: enqueuedAt + 432_000_000 });
  });

  it('ends with the expiry of the mail where that is earlier', () => {
    expect(noticeFor({ ...late, mailExpiresAt: fourHours + 1 })).toEqual({
      kind: 'delayed',
      retryUntil: fourHours + 1,
    });
  });

  it('is due once, and again when the mail was redriven and is late again', () => {
    const noticed = delayNoticed(late, factsOf(mail), context(fourHours));
    const redriven = reopened(noticed, 'none', factsOf(mail), context(fourHours));

    expect(noticeFor(noticed)).toBeUndefined();
    expect(noticeFor(redriven)).toBeUndefined();
    expect(noticeFor(redriven, fourHours + 14_400_000)).toMatchObject({ kind: 'delayed' });
  });

  it('is not due when nobody is pending, or the mail is about to be given up', () => {
    expect(noticeFor(settled(mail, { 'ada@example.org': refused('550 No') }))).toBeUndefined();
    expect(noticeFor(late, enqueuedAt + 432_000_000)).toBeUndefined();
  });
});
