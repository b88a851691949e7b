import { type Rule, transaction, withContent, withRecipients } from './rule.ts';

/** Refusals that one recipient causes by its own settings. */
export const recipientPolicyRules: readonly Rule[] = [
  {
    // Exchange: a group or mailbox that takes mail from insiders or listed senders only.
    name: 'recipient-takes-insiders-only',
    phases: withRecipients,
    text: /RESOLVER\.RST\.|^\d+ 5\.7\.1(2|24|3|3[3-6]) /,
    except: /size/i,
    scope: 'recipient',
    permanent: 'by-code',
    sample: { phase: 'final-reply', reply: '550 5.7.1 RESOLVER.RST.AuthRequired; authentication required' },
  },
];

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

/** Replies about the recipient, or about the mail itself. */
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
  {
    name: 'mailbox-full',
    phases: withRecipients,
    text: /\b[45]\.2\.2\b|over ?quota|quota (exceeded|violation)|mailbox.{0,30}(full|size limit)|out of storage|exceeded storage/i,
    scope: 'recipient',
    permanent: 'by-code',
    sample: { phase: 'rcpt', reply: '452 4.2.2 The email account that you tried to reach is over quota.' },
  },
  {
    // Postfix with unverified_recipient_reject_code = 550, while its probe of the address is under way.
    name: 'recipient-check-in-progress',
    phases: ['rcpt'],
    text: /^5\d\d .*address verification in progress/i,
    scope: 'recipient',
    permanent: false,
    sample: {
      phase: 'rcpt',
      reply:
        '550 5.1.1 <ada@example.org>: Recipient address rejected: unverified address: Address verification in progress',
    },
  },
  {
    name: 'recipient-unknown',
    phases: withRecipients,
    text: /^5\d\d (.*\b5\.(1\.([0-36]|10)|2\.1)\b|.*(user unknown|unknown user|no such user|addressee unknown|(user|account|mailbox).{0,40}(does not exist|not found|unavailable|disabled|inactive|no longer)|doesn't have a|no longer valid|invalid recipient|not a valid email address|recipient address (rejected|was suppressed)))/i,
    scope: 'recipient',
    permanent: true,
    sample: { phase: 'rcpt', reply: '550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown' },
  },
  {
    // With 421 as well: an address check that is not done yet must not look like a relay that shuts down.
    name: 'recipient-deferred',
    phases: ['rcpt'],
    text: /^4\d\d (4\.[12]\.|.*recipient)/i,
    scope: 'recipient',
    permanent: false,
    sample: {
      phase: 'rcpt',
      reply:
        '421 4.1.1 <ada@example.org>: Recipient address rejected: unverified address: Address verification in progress',
    },
  },
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
