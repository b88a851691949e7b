import { type Rule, transaction, withContent, withRecipients } from './rule.ts';

export const greylistRules: readonly Rule[] = [
  {
    name: 'greylisted',
    phases: transaction,
    text: /^4\d\d .*(gr[ea]y-?list|internal resources? (are )?temporarily unavailable)/i,
    scope: 'recipient',
    permanent: false,
    trait: 'greylisted',
    sample: {
      phase: 'rcpt',
      reply: '450 4.2.0 <ada@example.org>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/',
    },
  },
];

/** Replies about the mail's size, and those that mean greylisting without a word. Asked before the recipient's. */
export const mailRules: readonly Rule[] = [
  {
    name: 'greylisted-unnamed',
    phases: withRecipients,
    text: /^45[01] 4\.7\.1( |$)/,
    scope: 'recipient',
    permanent: false,
    trait: 'greylisted',
    sample: { phase: 'final-reply', reply: '451 4.7.1 Try again later' },
  },
  {
    name: 'mail-too-large',
    phases: transaction,
    text: /^5\d\d (5\.3\.4 |.*((size|length).{0,40}(limit|exceed|maximum|allowed|permitted)|(message|mail|file|header).{0,20}too (big|large|long)|exceed.{0,40} size|maximum .{0,20}size))/i,
    except: /mailbox|quota/i,
    scope: 'message',
    permanent: true,
    trait: 'size',
    sample: { phase: 'mail', reply: '552 5.3.4 Message size exceeds fixed limit' },
  },
  {
    // Before any recipient is known, "exceeded storage allocation" can only be about the announced SIZE (RFC 1870 §6.1).
    name: 'size-refused-at-mail',
    phases: ['mail'],
    codes: [552],
    scope: 'message',
    permanent: true,
    trait: 'size',
    sample: { phase: 'mail', reply: '552 Requested mail action aborted: exceeded storage allocation' },
  },
];

/** Replies about the mail's content. Asked after the recipient's, which borrow words from them. */
export const contentRules: readonly Rule[] = [
  {
    // What a pipelined DATA gets when every RCPT was refused. Those replies decide, so this one gives nobody up.
    name: 'no-recipient-left',
    phases: ['data'],
    text: /no valid recipients/i,
    scope: 'message',
    permanent: false,
    sample: { phase: 'data', reply: '554 5.5.1 Error: no valid recipients' },
  },
  {
    name: 'content-refused',
    phases: withContent,
    text: /^\d+ [45]\.6\.|\bspam\b|virus|malware|phish|unsolicited|suspicious|\bDBL\b|uribl|surbl|banned|illegal|bad file extension|\bcontent\b|attachment|security (issue|polic)|polic(y|ies)|RFC 5322|RFC compliant|malformed/i,
    scope: 'message',
    permanent: 'by-code',
    sample: { phase: 'final-reply', reply: '554 5.7.1 Spam message rejected; If this is not spam contact abuse' },
  },
];
