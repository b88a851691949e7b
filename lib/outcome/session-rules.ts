import { beforeBody, beforeRecipients, type Rule, transaction, withContent } from './rule.ts';

/** The account at the provider. Microsoft's verdicts of a quota are limits. */
const suspension = {
  text: /sending (is |has been )?(paused|suspended|disabled) for|your .{0,30}account (is|has been) (not |suspended|disabled|paused|blocked)|activate your|OutboundSpamException|WASCL UserAction/i,
  except: /verdict is (RefuseQuota|Throttle)/i,
} as const satisfies Pick<Rule, 'text' | 'except'>;

/** Replies about the session, its login or the account that it logs in to: the mail is innocent. */
export const sessionRules: readonly Rule[] = [
  {
    name: 'session-used-up',
    phases: beforeBody,
    reused: true,
    text: /^4\d\d .*((messages?|mails?) (sent )?(per|in|for|on) (this |one |a )?(connection|session)|too many messages sent|\bidle\b|time-?out|timed out)|messages exceeds maximum per (connection|session)/i,
    scope: 'session',
    permanent: false,
    sample: {
      phase: 'mail',
      reused: true,
      reply: '421 Max message per connection reached, closing transmission channel',
    },
  },
  {
    name: 'kept-session-out-of-step',
    phases: beforeBody,
    reused: true,
    codes: [500, 502, 503],
    except: /auth/i,
    scope: 'session',
    permanent: false,
    sample: { phase: 'mail', reused: true, reply: '503 5.5.1 Error: nested MAIL command' },
  },
  {
    // Logging in again and again locks accounts: slow down rather than count a fault.
    name: 'login-throttled',
    phases: ['auth'],
    text: /^454 |too many|throttl|\brate\b|maximum credits|try again later/i,
    scope: 'throttle',
    permanent: false,
    sample: { phase: 'auth', reply: '454 4.7.0 Too many login attempts, please try again later.' },
  },
  {
    name: 'login-refused',
    phases: ['auth'],
    text: /^(432|530|534|535) |^55\d .*(authenticat|credential|password)/i,
    scope: 'relay',
    permanent: false,
    trait: 'credentials',
    sample: { phase: 'auth', reply: '535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6' },
  },
  {
    // By code only: words for it, once recipients are known, are left to the refusals of the client.
    name: 'login-demanded',
    phases: beforeBody,
    codes: [530, 535],
    except: /relay/i,
    scope: 'relay',
    permanent: false,
    trait: 'credentials',
    sample: { phase: 'mail', reply: '530 5.7.57 Client not authenticated to send mail.' },
  },
  {
    // Nobody's mail goes through until a person has sorted it out with the provider.
    name: 'account-suspended',
    phases: [...beforeRecipients, ...withContent],
    ...suspension,
    scope: 'relay',
    permanent: false,
    sample: {
      phase: 'final-reply',
      reply:
        '554 Sending paused for this account. For more information, please check the inbox of the email address associated with your AWS account.',
    },
  },
  {
    // It may be the recipient's account after all, so the relay is not blamed.
    name: 'account-suspended-for-recipient',
    phases: ['rcpt'],
    ...suspension,
    scope: 'sender',
    permanent: false,
    sample: { phase: 'rcpt', reply: '550 Your SMTP account has been suspended' },
  },
];

/** What is left of 421 and 503 once the rules about limits, senders and recipients have had their turn. */
export const closingRules: readonly Rule[] = [
  {
    // 4.7.x is policy (RFC 3463 §3.8), not ill health.
    name: 'closing-by-policy',
    text: /^421 4\.7\./,
    scope: 'throttle',
    permanent: false,
    sample: { phase: 'greeting', reply: '421 4.7.0 Try again later, closing connection.' },
  },
  {
    name: 'kept-session-closing',
    phases: beforeBody,
    reused: true,
    codes: [421],
    scope: 'session',
    permanent: false,
    sample: { phase: 'mail', reused: true, reply: '421 4.3.2 Service not available [outlook.com]' },
  },
  {
    name: 'relay-closing',
    phases: beforeBody,
    codes: [421],
    scope: 'relay',
    permanent: false,
    sample: { phase: 'mail', reply: '421 Service not available, closing transmission channel' },
  },
  {
    name: 'relay-out-of-resources',
    phases: beforeBody,
    text: /^4\d\d (4\.3\.1 |.*(insufficient (system |disk )?(storage|resources?|space)|space shortage|not accepting network messages))/i,
    scope: 'relay',
    permanent: false,
    sample: { phase: 'mail', reply: '452 4.3.1 Insufficient system storage' },
  },
  {
    // On a fresh session the relay itself is confused. A refusal of the mail it is not, so it never dead-letters one.
    name: 'relay-out-of-step',
    phases: transaction,
    codes: [503],
    scope: 'relay',
    permanent: false,
    sample: { phase: 'data', reply: '503 5.5.1 Bad sequence of commands' },
  },
];
