import { judge } from '../../lib/audit/judge.ts';
import type { AuditSettings } from '../../lib/contracts/audit-environment.ts';
import { closed } from '../../lib/ledger/closed.ts';
import { pendingDeadLetters } from '../../lib/ledger/facts.ts';
import type { LedgerItem, LedgerStore } from '../../lib/ledger/item.ts';
import type { Clock } from '../../lib/platform/clock.ts';
import { errorText } from '../shared/command.ts';

export interface ClosePorts {
  readonly ledger: LedgerStore;
  readonly settings: AuditSettings;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface Closing {
  /** Or would be, in a dry run. */
  readonly closed: boolean;
  /** For people. */
  readonly text: string;
}

const message = 'given up by hand: its message was gone, and nothing would have carried it on';

/** Gives up a mail that the audit finds forgotten, unless somebody else has changed its item meanwhile. */
export async function closeMail(key: string, yes: boolean, ports: ClosePorts): Promise<Closing> {
  const { ledger, settings, clock, newId } = ports;
  const now = clock.now();
  const no = (why: string): Closing => ({ closed: false, text: `${key}: ${why}` });
  try {
    const item = await ledger.read(key);
    if (item === undefined) return no('the ledger does not know it');
    if (judge(item, now, settings) === undefined) return no('is not forgotten (--margin says from when on it is)');
    const next = closed(item, message, { now, newId });
    if (!yes) return { closed: true, text: `${key}: ${consequences(item, next)}` };
    const { written } = await ledger.write(next, item);
    if (!written) return no('somebody has changed it meanwhile: look again');
    return { closed: true, text: `${key}: closed: ${consequences(item, next)}` };
  } catch (error) {
    return no(`cannot be read or written: ${errorText(error)}`);
  }
}

function consequences(item: LedgerItem, next: LedgerItem): string {
  const ended = Object.entries(next.recipients).filter(
    ([address, { deadLetterId }]) => deadLetterId !== item.recipients[address]?.deadLetterId,
  );
  const doubtful = ended.filter(([, { deadLetterId = '' }]) => next.deadLetters[deadLetterId]?.reason === 'uncertain');
  const recipients = `${ended.length} ${ended.length === 1 ? 'recipient' : 'recipients'} given up`;
  const mayHaveIt = doubtful.length === 0 ? '' : `, ${doubtful.length} of them may have it`;
  const owed = pendingDeadLetters(item).length;
  return `${recipients}${mayHaveIt}${owed === 0 ? '' : `, ${owed} owed to the dead-letter queue, not owed any more`}`;
}
