import { lineOf } from './line.ts';
import type { Classification, Phase, SmtpFailure } from './outcome.ts';
import { matches, type Rule } from './rule.ts';
import { rules } from './rules.ts';

/**
 * Says what a failure means: whose fault it is and whether asking again can help. Pure and total; it never throws.
 *
 * What no rule knows goes by its first digit and phase (RFC 5321 §4.2.1): at RCPT it is the recipient's, before MAIL the
 * relay's, else the message's; 5xx is permanent, except that a relay never is.
 *
 * A null sender that is refused at MAIL is refused as such, in whatever words: another relay may take bounces.
 *
 * @param addresses of the transaction, reverse-path and forward-path: their words say nothing, wherever the reply has them.
 * An empty one among them is the null sender.
 */
export function classify(failure: SmtpFailure, addresses: readonly string[] = []): Classification {
  if (failure.reply !== undefined && failure.reply.code < 400) return unexpectedSuccess(failure.phase);
  const line = lineOf(failure, addresses);
  const rule = rules.find((candidate) => matches(candidate, failure, line));
  if (rule !== undefined) return byRule(rule, failure);
  if (failure.phase === 'mail' && isPermanentReply(failure) && addresses.includes('')) {
    return { scope: 'sender', permanent: true, rule: 'default-null-sender' };
  }
  return byDigitAndPhase(failure);
}

function byRule(rule: Rule, failure: SmtpFailure): Classification {
  const permanent = rule.permanent === 'by-code' ? isPermanentReply(failure) : rule.permanent;
  const outcome = { scope: rule.scope, permanent, rule: rule.name };
  return rule.trait === undefined ? outcome : { ...outcome, trait: rule.trait };
}

function byDigitAndPhase(failure: SmtpFailure): Classification {
  switch (failure.phase) {
    case 'rcpt':
      return { scope: 'recipient', permanent: isPermanentReply(failure), rule: 'default-recipient' };
    case 'mail':
    case 'data':
    case 'body':
    case 'final-reply':
      return { scope: 'message', permanent: isPermanentReply(failure), rule: 'default-message' };
    default:
      return { scope: 'relay', permanent: false, rule: 'default-relay' };
  }
}

/** A 2xx or 3xx where it is no answer to the command. After the final dot it might be a yes, so it is a doubt. */
function unexpectedSuccess(phase: Phase): Classification {
  return { scope: phase === 'final-reply' ? 'uncertain' : 'relay', permanent: false, rule: 'default-unexpected' };
}

function isPermanentReply(failure: SmtpFailure): boolean {
  return failure.reply !== undefined && failure.reply.code >= 500;
}
