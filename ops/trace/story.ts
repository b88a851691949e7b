import type { LedgerItem } from '../../lib/ledger/item.ts';
import { createRedaction } from '../../lib/telemetry/redact.ts';
import { errorText } from '../shared/command.ts';
import { describeLine } from './events.ts';
import type { LogLine } from './log-line.ts';
import { describeRecipients, outlook } from './outlook.ts';
import type { StorySources } from './sources.ts';

/** All that is known about one message. */
export interface Story {
  readonly wanted: string;
  readonly item?: LedgerItem;
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  /** Why the log could not be read; what the ledger says stands all the same. */
  readonly logProblem?: string;
}

/** One thing that happened. */
export interface Step {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly event: string;
  readonly text: string;
  /** One per recipient, where they differ; and where the trace of the invocation is, at its first line. */
  readonly details: readonly string[];
}

/** A story in plain words. */
export interface ToldStory {
  readonly summary: string;
  readonly steps: readonly Step[];
  readonly recipients: readonly string[];
  /** What happens next, and when. */
  readonly next: readonly string[];
}

/** Undefined: neither ledger nor log knows the message. Rejects when the ledger cannot be read. */
export async function readStory(wanted: string, sources: StorySources): Promise<Story | undefined> {
  const direct = await sources.ledger.read(wanted);
  try {
    const lines = await sources.lines(wanted, direct);
    // Asked for by the SQS message id, the log knows the key.
    const key = lines.find((line) => line.key !== undefined)?.key;
    const item = direct ?? (key === undefined ? undefined : await sources.ledger.read(key));
    if (item === undefined && lines.length === 0) return undefined;
    return { wanted, lines, ...(item === undefined ? {} : { item }) };
  } catch (error) {
    if (direct === undefined) throw error;
    return { wanted, item: direct, lines: [], logProblem: errorText(error) };
  }
}

/** @param now milliseconds since the epoch */
export function tellStory({ item, lines, logProblem }: Story, now: number): ToldStory {
  const named = namesOf(item, lines);
  const received: readonly Step[] =
    item === undefined
      ? []
      : [
          {
            at: new Date(item.firstSeenAt).toISOString(),
            event: 'received',
            text: 'Put on the intake queue.',
            details: [],
          },
        ];
  const steps = lines.map((line, index) => {
    const [text = '', ...details] = describeLine(line).map(named);
    const trace = line.traceId === lines[index - 1]?.traceId ? undefined : line.traceId;
    return { at: line.timestamp, event: line.event, text, details: [...details, ...traceOf(trace)] };
  });
  const { summary, next } = outlook(item, lines, now);
  return {
    summary,
    // A redrive begins anew: what the log has from before stands before it.
    steps: [...received, ...steps].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
    recipients: describeRecipients(item),
    next: logProblem === undefined ? next : [...next, `The log could not be read: ${logProblem}`],
  };
}

/** Where X-Ray shows the invocation; it keeps traces for 30 days. */
function traceOf(id: string | undefined): readonly string[] {
  return id === undefined ? [] : [`X-Ray trace: aws xray batch-get-traces --trace-ids ${id}`];
}

/** Puts the recipients that the ledger knows in the place of their hashes. */
function namesOf(item: LedgerItem | undefined, lines: readonly LogLine[]): (text: string) => string {
  const stage = lines[0]?.stage;
  if (item === undefined || stage === undefined) return (text) => text;
  const redaction = createRedaction(stage);
  const names = Object.keys(item.recipients).map((address) => [redaction.address(address), address] as const);
  return (text) => names.reduce((named, [hash, address]) => named.replaceAll(hash, address), text);
}
