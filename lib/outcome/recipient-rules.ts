import { type Rule, withRecipients } from './rule.ts';

/** Words that tell of the sender, or of a limit of ours, under the code of a mailbox. */
const aboutUs =
  /\bsender\b|\brelay(ing)? (access )?(denied|limit)|receiving mail|\b(your|sending|submission|daily|hourly)\b.{0,30}\blimit/i;

/**
 * At RCPT, RFC 3463's codes of the address (x.1) and the mailbox (x.2) tell whose matter it is more surely than words
 * do, and what follows them often names others: the server that was asked about the address, the way to report an error.
 */
export const recipientCodeRules: readonly Rule[] = [
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
    // Whoever says "later" expects the mailbox to be emptied.
    name: 'mailbox-full-for-now',
    phases: ['rcpt'],
    text: /^5\d\d (5\.2\.2 |.*\b(mailbox|user|account)\b.{0,20}(full|over ?quota)).*\b(try|retry)\b.{0,10}\blater/i,
    scope: 'recipient',
    permanent: false,
    sample: { phase: 'rcpt', reply: '552 5.2.2 <ada@example.org>: user over quota; try again later' },
  },
  {
    name: 'recipient-refused-by-code',
    phases: ['rcpt'],
    text: /^5\d\d 5\.(1\.([1236]|10)|2\.1) /,
    except: aboutUs,
    scope: 'recipient',
    permanent: true,
    sample: { phase: 'rcpt', reply: '550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown' },
  },
  {
    // RFC 7504: the domain takes no mail at all. A 521 with other words is the relay's own state.
    name: 'domain-takes-no-mail',
    phases: ['rcpt'],
    text: /^556 |^521 .*(does not|doesn't) accept mail/i,
    scope: 'recipient',
    permanent: true,
    sample: { phase: 'rcpt', reply: '521 5.3.2 Server does not accept mail' },
  },
  {
    name: 'recipient-deferred-by-code',
    phases: ['rcpt'],
    text: /^4\d\d 4\.(1\.[1236]|2\.[1-4]) /,
    except: aboutUs,
    scope: 'recipient',
    permanent: false,
    sample: {
      phase: 'rcpt',
      reply:
        '421 4.1.1 <ada@example.org>: Recipient address rejected: unverified address: Address verification in progress',
    },
  },
];

/** Asked after all that might be about us: the words for a mailbox, and codes in other places or phases. */
export const recipientRules: readonly Rule[] = [
  {
    name: 'mailbox-full',
    phases: withRecipients,
    text: /\b[45]\.2\.2\b|over ?quota|quota (exceeded|violation)|mailbox.{0,30}(full|size limit)|out of storage|exceeded storage/i,
    scope: 'recipient',
    permanent: 'by-code',
    sample: { phase: 'final-reply', reply: '552 5.2.2 Mailbox full' },
  },
  {
    name: 'recipient-unknown',
    phases: withRecipients,
    text: /^5\d\d (.*\b5\.(1\.([0-36]|10)|2\.1)\b|.*(user unknown|unknown user|no such user|addressee unknown|(user|account|mailbox).{0,40}(does not exist|not found|unavailable|disabled|inactive|no longer)|doesn't have a|no longer valid|invalid recipient|not a valid email address|recipient address (rejected|was suppressed)))/i,
    scope: 'recipient',
    permanent: true,
    sample: { phase: 'rcpt', reply: '550 No such user here' },
  },
  {
    name: 'recipient-deferred',
    phases: ['rcpt'],
    text: /^4\d\d (4\.[12]\.|.*recipient)/i,
    scope: 'recipient',
    permanent: false,
    sample: {
      phase: 'rcpt',
      reply: '451 4.3.5 <ada@example.org>: Recipient address rejected: Server configuration problem',
    },
  },
];
