import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { dynamoDbLedger } from '../../lib/ledger/dynamodb-store.ts';
import type { LedgerItem, LedgerStore } from '../../lib/ledger/item.ts';
import type { Clock } from '../../lib/platform/clock.ts';
import type { Target } from '../shared/target.ts';
import { type LogLine, readLogLine } from './log-line.ts';
import type { Options } from './options.ts';
import { stageLog } from './stage-log.ts';

/** Where a message's story is read. */
export interface StorySources {
  readonly ledger: Pick<LedgerStore, 'read'>;
  /** The lines about the message, oldest first. `item`: what the ledger holds about it. */
  lines(wanted: string, item: LedgerItem | undefined): Promise<readonly LogLine[]>;
}

/** The ledger and the log of the target that the options name. */
export function storySources(target: Target, options: Options, clock: Clock): StorySources {
  const { stage, stateDir, sinceMs } = options;
  return {
    ledger: dynamoDbLedger(target.dynamoDb, target.output('LedgerTableName')),
    lines:
      stage === undefined
        ? (wanted) => localLog(join(stateDir, 'functions.log'), wanted)
        : stageLog(target.output('SenderFunctionName'), stage, clock, sinceMs),
  };
}

/** What `npm start` keeps of the functions' output. No file: nothing was written yet. */
async function localLog(path: string, wanted: string): Promise<readonly LogLine[]> {
  const found: LogLine[] = [];
  const stream = createReadStream(path);
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      const read = readLogLine(line, wanted);
      if (read !== undefined) found.push(read);
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  } finally {
    stream.destroy();
  }
  // Several functions write at the same time.
  return found.sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
}
