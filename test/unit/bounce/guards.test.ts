import { describe, expect, it } from 'vitest';
import { envelopeGuard, headerGuard } from '../../../lib/bounce/guards.ts';
import { aMail, aRawMail, parsed } from '../../support/failed-mail.ts';

const withSender = (from: string, rest: Record<string, unknown> = {}) => aMail({ envelope: { from }, ...rest });
const withHeader = (line: string) => parsed(aRawMail(`${line}\nFrom: shop@example.com\nTo: ada@example.org\n\nHi\n`));

describe('the envelope forbids a bounce', () => {
  it.each([
    ['', 'null-sender'],
    ['MAILER-DAEMON@example.com', 'mail-daemon'],
    ['mailer-daemon@example.com', 'mail-daemon'],
    ['"Mailer-Daemon"@example.com', 'mail-daemon'],
    ['mailer-daemon+x@example.com', 'mail-daemon'],
    ['mail-daemon@example.com', 'mail-daemon'],
    ['double-bounce@example.com', 'mail-daemon'],
    ['Bounces@example.com', 'own-daemon'],
  ])('from <%s>: %s', (from, why) => {
    expect(envelopeGuard(withSender(from), 'bounces@example.com')).toBe(why);
  });

  it('when the publisher switched bounces off', () => {
    expect(envelopeGuard(withSender('shop@example.com', { bounces: 'off' }), undefined)).toBe('switched-off');
  });

  it.each(['shop@example.com', 'postmaster@example.com', 'bounces@example.com', 'mailer-daemons-fan@example.com'])(
    'but not from <%s>',
    (from) => {
      expect(envelopeGuard(withSender(from, { bounces: 'on' }), undefined)).toBeUndefined();
    },
  );
});

describe('the headers forbid a bounce', () => {
  it.each([
    ['Auto-Submitted: auto-replied', 'auto-submitted'],
    ['Auto-Submitted: auto-generated; owner="x"', 'auto-submitted'],
    ['auto-submitted: (hm) AUTO-NOTIFIED', 'auto-submitted'],
    ['Auto-Submitted:\n auto-replied', 'auto-submitted'],
    ['Precedence: bulk', 'bulk'],
    ['Precedence: Junk', 'bulk'],
    ['Precedence: list', 'bulk'],
    ['List-Id: News <news.example.com>', 'bulk'],
    ['X-Auto-Response-Suppress: All', 'suppressed-by-header'],
    ['X-Auto-Response-Suppress: OOF, NDR', 'suppressed-by-header'],
    ['Content-Type: multipart/report; report-type=delivery-status; boundary=b', 'report'],
    ['Content-Type: Multipart/Report;\n report-type=disposition-notification; boundary=b', 'report'],
    ['X-Postroom-Bounce: failed', 'bounce'],
    ['Return-Path: <>', 'null-sender'],
  ])('%j: %s', async (line, why) => {
    expect(headerGuard(await withHeader(line))).toBe(why);
  });

  it.each([
    'Auto-Submitted: no',
    'Auto-Submitted: NO (really)',
    'Precedence: first-class',
    'List-Unsubscribe: <mailto:u@example.com>',
    'X-Auto-Response-Suppress: OOF, AutoReply',
    'Content-Type: multipart/mixed; boundary=report',
    'Return-Path: <shop@example.com>',
    'Subject: Auto-Submitted: auto-replied',
  ])('but not %j', async (line) => {
    expect(headerGuard(await withHeader(line))).toBeUndefined();
  });

  it('also in a composed mail', async () => {
    const mail = aMail({ headers: { Precedence: 'bulk' } });

    expect(headerGuard(await parsed(mail))).toBe('bulk');
  });
});
