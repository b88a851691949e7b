import { type Rule, withContent, withRecipients } from './rule.ts';

/** Limits. Those of one recipient or one transaction come first: they do not slow the relay down. */
export const limitRules: readonly Rule[] = [
  {
    // Some say it with 5xx; waiting helps all the same, so nothing is given up.
    name: 'recipient-overloaded',
    phases: withRecipients,
    text: /receiving mail (too quickly|at a rate)|recipient.{0,60}(rate limit|limit for the number|thread limit)|messages to \S+ deferred/i,
    except: /\btenant\b/i,
    scope: 'recipient',
    permanent: false,
    sample: { phase: 'rcpt', reply: '450 User is receiving mail too quickly' },
  },
  {
    // RFC 5321 §4.5.3.1.10: the others belong into another transaction; a 552 is to be read as 452.
    name: 'too-many-recipients',
    phases: ['rcpt'],
    text: /^\d+ [45]\.5\.3 |too many recipients|separate transaction|per transaction/i,
    except: /throttl|\brate\b|\b(hour|day|minute)\b/i,
    scope: 'recipient',
    permanent: false,
    sample: { phase: 'rcpt', reply: '452 4.5.3 Error: too many recipients' },
  },
  {
    // Said of the whole transaction: a relay that takes more at once may have it.
    name: 'too-many-recipients-for-transaction',
    phases: ['mail', ...withContent],
    text: /^\d+ [45]\.5\.3 |too many recipients/i,
    except: /throttl|\brate\b|\b(hour|day|minute)\b|limit exceeded/i,
    scope: 'sender',
    permanent: false,
    sample: { phase: 'final-reply', reply: '552 Too many recipients' },
  },
  {
    name: 'counted-limit',
    text: /(daily|hourly|monthly|24[- ]hours?|per[- ](second|minute|hour|day)).{0,50}(limit|quota|exceeded)|this hour|(sending|submission|queue|relay|thread|connections?|concurrency|session) ?(quota|limit)|quotaexceeded|exceeded (threshold|a limit)|exceeded the (max(imum)?|number of) .{0,40}(per (second|minute|hour|day)|you may send)|verdict is (RefuseQuota|Throttle)|policy rejection\W.{0,20}quota|rate for this client|exceeds maximum per (connection|session)|maximum (number of )?(concurrent|credits|sessions|connections)/i,
    scope: 'throttle',
    permanent: false,
    sample: { phase: 'mail', reply: '454 Throttling failure: Daily message quota exceeded.' },
  },
  {
    name: 'too-many-or-too-fast',
    text: /throttl|rate[- ]?limit|too much mail|too many (open|concurrent|connections?|sessions?|login|messages?|mails?|e-?mails?|requests?|errors|failed|invalid|bad)|too frequent|unusual rate|(connection|sending|message) rate|unexpected volume|user complaints|excessive (volume|unknown)|server (is )?(too )?busy|messages? from \S+ temporarily deferred/i,
    except: /too many( \w+)? (links|urls)\b/i,
    scope: 'throttle',
    permanent: false,
    sample: { phase: 'greeting', reply: '421 4.7.0 mail.example.com Error: too many connections from 192.0.2.1' },
  },
  {
    // Microsoft's 4.7.500–899: the address is watched for a while.
    name: 'suspicious-traffic',
    text: /^4\d\d 4\.7\.[5-8]\d\d /,
    scope: 'throttle',
    permanent: false,
    sample: { phase: 'mail', reply: '451 4.7.500 Access denied, please try again later' },
  },
  {
    // A contradiction in terms, in practice a hidden rate limit (GMX). Waiting loses nothing.
    name: 'refused-until-later',
    text: /^5\d\d .*(try again|retry) later/i,
    except: /attachment|virus|malware/i,
    scope: 'throttle',
    permanent: false,
    sample: {
      phase: 'rcpt',
      reply: '550-Requested action not taken: mailbox unavailable\n550 Failure sending mail. Try again later.',
    },
  },
];
