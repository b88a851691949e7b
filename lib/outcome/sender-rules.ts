import { refusalOfClient } from './client-rules.ts';
import { type Rule, transaction } from './rule.ts';

/** The relay will not carry mail of this sender, or not for us. Another relay may. */
export const senderRules: readonly Rule[] = [
  {
    name: 'relaying-denied',
    phases: transaction,
    text: /relay(ing|ed)? (access |is )?(denied|disallowed|prohibited|not (allowed|permitted))|unable to relay|not (allowed|permitted|authori[sz]ed) to relay|credentials for relay|rcpthosts|as a relay\b/i,
    scope: 'sender',
    permanent: 'by-code',
    sample: { phase: 'rcpt', reply: '554 5.7.1 <ada@example.org>: Relay access denied' },
  },
  {
    // Relays and filters that take no bounces, against RFC 5321 §4.5.5. The second half is said in the words of Sendmail
    // milters, IMail, NetEase, Road Runner and SpamWall, also after DATA.
    name: 'null-sender-refused',
    phases: transaction,
    text: /\b(null|empty|blank|missing) ((envelope|reverse|return)[- ]?)*(senders?|from|path|mail from|email address)\b|\b(sender|from|return[- ]path)( domain)? is (empty|null|blank)|mail from:? ?<>|\bbounces? (messages? )?(are |is )?not (accepted|allowed)|third-party dsns|unsigned dsn|returned mail not accepted|bogus mail from/i,
    scope: 'sender',
    permanent: 'by-code',
    sample: { phase: 'final-reply', reply: '554 5.7.1 Null sender with multiple recipients not allowed here' },
  },
  {
    name: 'sender-address-refused',
    phases: transaction,
    text: /\b[45]\.1\.[78]\b|sender (address )?(is |was )?(rejected|denied|refused|blocked|not (allowed|permitted|valid|authori[sz]ed))|sender verify failed|sender address \[|mail ?from (address|domain)|badmailfrom|unresolvable|bad outbound sender|anti-spoofing/i,
    scope: 'sender',
    permanent: 'by-code',
    sample: { phase: 'rcpt', reply: '450 4.1.8 <shop@example.com>: Sender address rejected: Domain not found' },
  },
  {
    name: 'sender-not-ours',
    phases: transaction,
    text: /\b5\.7\.60\b|send[- ]?as\b|sendasdenied|not (been )?verified|verified sender|not (currently )?(allowed|authori[sz]ed|permitted) to (send|perform)|permissions? to send|sending domain|sending denied|unregistered domains|from address not allowed/i,
    except: /\bIP\b/i,
    scope: 'sender',
    permanent: 'by-code',
    sample: { phase: 'final-reply', reply: '550 5.7.60 SMTP; Client does not have permissions to send as this sender' },
  },
  {
    // RFC 6531: the mail needs SMTPUTF8 further on.
    name: 'internationalised-mail-refused',
    phases: transaction,
    text: /\b5\.6\.7\b|smtputf8/i,
    scope: 'sender',
    permanent: 'by-code',
    sample: { phase: 'rcpt', reply: '553 5.6.7 Address requires SMTPUTF8' },
  },
  {
    name: 'mail-command-refused',
    phases: ['mail'],
    codes: [500, 501, 502, 504, 555],
    scope: 'sender',
    permanent: true,
    sample: { phase: 'mail', reply: '501 Invalid MAIL command argument, not a valid address' },
  },
];

/** SPF, DKIM and DMARC: which relay may send for a domain. Asked before the limits, some of which they borrow words from. */
export const senderAuthenticationRules: readonly Rule[] = [
  {
    name: 'sender-domain-unauthenticated',
    phases: transaction,
    text: /\b(SPF|DKIM|DMARC)\b|sender policy framework/i,
    scope: 'sender',
    permanent: 'by-code',
    sample: { phase: 'final-reply', reply: "550 5.7.1 Email has been rejected due to the domain's SPF policy" },
  },
];

const blocked =
  /blocked using|block ?list|black ?list|dnsbl|\brbl\b|spamhaus|\bsorbs\b|ipcheck\.proofpoint|banned send(er|ing)|poor reputation|reputation of the sending ip|reverse dns|\bPTR\b|find your (reverse )?hostname|(client|connecting|sending|your) (host|ip|server|address)\b.{0,60}(blocked|rejected|banned|denied|not (allowed|accepted|authori[sz]ed))|connections? (will )?not (be )?accepted|will be permanently deferred|not in whitelist|traffic not accepted|host network,? not allowed|directly to our servers|to submit messages to this/i;
/** By its number rather than by a list's name; and Microsoft's codes for an account banned for what it sent. */
const addressRefused =
  /(\bIP( address)?|\b\d{1,3}(\.\d{1,3}){3}|[\da-f]*(:[\da-f]*){2,})\]? (is |was |has been )?(listed|blocked|banned)|\bIP (address )?(\S+ )?(is )?not (allowed|permitted|authori[sz]ed)|listed (on|in|at|by) (the )?[CSXP]BL\b|not allowed to connect|\b5\.7\.50[1-3]\b|sending account has been banned/;
const aboutContent = /\bDBL\b|\bdbl\.|uribl|surbl/i;

/**
 * Our address, or the relay's own, stands on a block list. Listings end within hours or days. Postfix waits for RCPT to
 * say so.
 */
export const blockListRules: readonly Rule[] = refusalOfClient(
  ['client-refused', 'client-refused-for-recipient'],
  { text: new RegExp(`${blocked.source}|${addressRefused.source}`, 'i'), except: aboutContent },
  [
    {
      phase: 'mail',
      reply:
        "550 5.7.1 Unfortunately, messages from [11.22.33.44] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
    },
    { phase: 'rcpt', reply: '550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org' },
  ],
);
