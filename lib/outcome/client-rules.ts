import { beforeRecipients, type Rule, withContent, withRecipients } from './rule.ts';

type Refusal = Pick<Rule, 'text' | 'except' | 'trait'>;

/**
 * A refusal of ourselves as a client, in two rules. Said before any recipient it is the relay's word and the relay's
 * fault. Said later it may be the word of one destination only: another relay at once, the breaker stays as it is. Never
 * permanent whatever the code says: the mail is innocent.
 */
export function refusalOfClient(
  names: readonly [string, string],
  { trait, ...refusal }: Refusal,
  samples: readonly [Rule['sample'], Rule['sample']],
): readonly Rule[] {
  const early: Rule = {
    name: names[0],
    phases: beforeRecipients,
    ...refusal,
    scope: 'relay',
    permanent: false,
    sample: samples[0],
  };
  return [
    trait === undefined ? early : { ...early, trait },
    { name: names[1], phases: withRecipients, ...refusal, scope: 'sender', permanent: false, sample: samples[1] },
  ];
}

/** Encryption that the relay misses, or that a recipient's domain does. */
export const encryptionRules: readonly Rule[] = refusalOfClient(
  ['encryption-lacking', 'encryption-lacking-for-recipient'],
  {
    text: /^\d+ [45]\.7\.10 |must issue (a )?starttls|requires (encryption|tls|high-strength)|(tls|encryption) (is )?(required|needed)|to use tls|client certificate not trusted/i,
    except: /recipient address rejected/i,
  },
  [
    { phase: 'mail', reply: '530 5.7.0 Must issue a STARTTLS command first' },
    { phase: 'rcpt', reply: '421 4.7.0 TLS required for RCPT domain, closing connection.' },
  ],
);

/** Replies about our name, our login or our account, or about the relay's own state. */
export const clientRules: readonly Rule[] = [
  ...refusalOfClient(
    ['helo-refused', 'helo-refused-for-recipient'],
    {
      text: /\b(helo|ehlo)(\/ehlo)?( command| name)* (rejected|refused|denied|invalid|is not|does not|must )|(invalid|bad|forged|fake|your) (helo|ehlo)\b/i,
    },
    [
      { phase: 'mail', reply: '550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)' },
      { phase: 'rcpt', reply: '504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname' },
    ],
  ),
  // RFC 3463 §3.4. Not 5.3.4, which is the size, nor 5.3.3, which is a missing feature.
  ...refusalOfClient(
    ['relay-system-fault', 'relay-system-fault-for-recipient'],
    {
      text: /^5\d\d 5\.3\.[125] |^5\d\d (5\.3\.0 )?(temporary )?(mail )?system (problem|error|full|is shutting down|not accepting)/i,
      except: /\bsize\b|too (big|large)|mailbox|quota/i,
    },
    [
      { phase: 'mail', reply: '554 5.3.2 System not accepting network messages' },
      { phase: 'final-reply', reply: '552 5.3.1 Mail system full' },
    ],
  ),
  ...refusalOfClient(
    ['login-lacking', 'login-lacking-for-recipient'],
    {
      text: /^53[05] |^5\d\d 5\.7\.30 |basic authentication is not supported|turn(ed)? on smtp auth|\bauth(entication)?( command)? (is )?(required|needed)|please authenticate|must (be )?authenticate|client (was )?not authenticated|unauthenticated senders|auth (command )?first|not logged in/i,
      except: /recipient address rejected/i,
      trait: 'credentials',
    },
    [
      { phase: 'mail', reply: '550 5.7.30 Basic authentication is not supported for Client Submission.' },
      { phase: 'rcpt', reply: '550 5.7.1 <ada@example.org>... Relaying denied. Proper authentication required.' },
    ],
  ),
  ...refusalOfClient(
    ['outgoing-mail-suspended', 'outgoing-mail-suspended-for-recipient'],
    { text: /outgoing (mail|messages?) from .{1,120}(suspended|disabled)/i },
    [
      { phase: 'mail', reply: '550 5.7.1 Outgoing mail from this account is disabled' },
      { phase: 'rcpt', reply: '550 Outgoing mail from "shop@example.com" has been suspended.' },
    ],
  ),
  {
    // No recipient is known yet, so the account is ours.
    name: 'account-refused',
    phases: ['mail'],
    text: /\baccount (has been |is |was )?(suspended|disabled|locked|blocked|banned|deactivated)/i,
    scope: 'relay',
    permanent: false,
    sample: { phase: 'mail', reply: '550 5.7.1 Account has been suspended' },
  },
  {
    // Not at RCPT, where the account is the recipient's; and nothing before the word, which would name a recipient.
    name: 'account-refused-after-content',
    phases: withContent,
    text: /^5\d\d (5\.7\.\d+ )?((the|this|sender|sending) )*account (has been |is |was )(suspended|locked|blocked|banned)/i,
    scope: 'sender',
    permanent: false,
    sample: { phase: 'final-reply', reply: '554 5.7.1 Account has been suspended' },
  },
];
