import { dateTime, oneLine, wrapped } from './fields.ts';
import type { Report, ReportedRecipient } from './report.ts';

/**
 * The part for people (RFC 6522 §3, first part): what happened, to whom, why, and what to do. Lines are
 * separated by LF.
 */
export function explanation(report: Report): string {
  const { reportingMta, action, arrivedAt, subject, recipients } = report;
  const many = recipients.length > 1;
  const about = subject === undefined || subject === '' ? '' : `, with the subject "${subject}",`;
  const mail = `Your mail of ${dateTime(arrivedAt)}${about}`;
  const fate =
    action === 'failed'
      ? `could not be delivered to the ${many ? `${recipients.length} recipients` : 'recipient'} below. This is final: nothing more will be sent to ${many ? 'them' : 'this address'}.`
      : `has not been delivered yet to the ${many ? `${recipients.length} recipients` : 'recipient'} below.`;
  const others = 'Recipients that are not named here are not concerned.';
  return [
    wrapped(`This is the mail system of ${reportingMta}, an automatic notice. Nobody reads replies to it.`, ''),
    wrapped(`${mail} ${fate} ${others}`, ''),
    ...groups(recipients).map((group) => paragraph(action, group)),
    ...(action === 'delayed' ? [wrapped(patience(recipients), '')] : []),
    wrapped('The technical details and the headers of your mail are attached.', ''),
  ].join('\n\n');
}

function patience(recipients: readonly ReportedRecipient[]): string {
  const [until] = recipients.flatMap(({ retryUntil }) => retryUntil ?? []);
  const when = until === undefined ? '' : ` until ${dateTime(until)}`;
  return `You need not do anything, and need not send the mail again: it is tried again${when}. If that fails too, you will be told.`;
}

/** Recipients with the same fate, so that the reason stands there once. */
function groups(recipients: readonly ReportedRecipient[]): ReportedRecipient[][] {
  const key = ({ reason, message, status, diagnostic }: ReportedRecipient): string =>
    JSON.stringify([reason, message, status, diagnostic]);
  return [...Map.groupBy(recipients, key).values()];
}

function paragraph(action: Report['action'], group: readonly ReportedRecipient[]): string {
  const [first] = group;
  if (first === undefined) return '';
  const addresses = group.map(({ address }) => `  ${oneLine(address)}`).join('\n');
  const { what, advice } = action === 'delayed' ? lateness : story(first);
  const said = first.diagnostic?.replace(/^(smtp|x-postroom); /, '') ?? '';
  const source = first.diagnostic?.startsWith('smtp;') ? 'The mail server said' : 'What was seen';
  return [
    addresses,
    '',
    wrapped(what, '    '),
    ...(first.message === undefined || first.message === said ? [] : [wrapped(`(${first.message})`, '    ')]),
    ...(said === '' || said === first.reason ? [] : [wrapped(`${source}: ${said}`, '    ')]),
    ...(advice === '' ? [] : [wrapped(advice, '    ')]),
  ].join('\n');
}

interface Story {
  readonly what: string;
  readonly advice: string;
}

const lateness: Story = { what: 'No mail server has taken the mail so far.', advice: '' };

const stories: Readonly<Record<string, Story>> = {
  expired: {
    what: 'The time up to which the mail was to be sent has passed before it could be delivered.',
    advice: 'What to do: send it again if it is still of use.',
  },
  'retry-exhausted': {
    what: 'The mail was tried again and again without success, and is given up.',
    advice: 'What to do: look at what the last attempt says, and send the mail again later.',
  },
  uncertain: {
    what: 'The connection broke at the moment at which the mail was handed over. It may have arrived, or it may not. It was not sent again, so that nobody gets it twice.',
    advice: 'What to do: ask the recipient before you send it again.',
  },
  'attachment-unavailable': {
    what: 'The mail was not sent, because a part of it could not be read.',
    advice: 'What to do: see that the part exists and may be read, and send the mail again.',
  },
  malformed: {
    what: 'The mail was not sent, because it could not be put together as it was given.',
    advice: 'What to do: correct what is named here, and send the mail again.',
  },
  'not-allowed': {
    what: 'The mail was not sent, because its sender may not send here.',
    advice: 'What to do: send from an address that this mail system is set up for.',
  },
  poison: {
    what: 'The mail system failed each time it tried to send this mail, and gave it up. The fault is its own.',
    advice: 'What to do: tell those who run it; they find the mail among their dead letters.',
  },
};

const refused = 'The mail was refused for good.';

function story({ reason, status }: ReportedRecipient): Story {
  return stories[reason ?? ''] ?? { what: refused, advice: `What to do: ${refusalAdvice(status)}` };
}

/** What the subject and detail of an enhanced status code (RFC 3463 §3) mean for whoever sent the mail. */
function refusalAdvice(status: string): string {
  const [, subject, detail] = status.split('.');
  if (subject === '1') return 'check the address for typing errors, or ask the recipient for the current one.';
  if (subject === '2' && detail === '2') return 'the mailbox is full; reach the recipient in another way.';
  if ((subject === '2' || subject === '3') && (detail === '3' || detail === '4')) {
    return 'the mail is too large for the recipient; send a smaller one.';
  }
  if (subject === '2') return 'the mailbox takes no mail; reach the recipient in another way.';
  if (subject === '7') return "the recipient's side does not accept this mail; those who run it can say why.";
  return 'look at the answer above; those who run the mail server can say more.';
}
