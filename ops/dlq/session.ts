import { dynamoDbLedger } from '../../lib/ledger/dynamodb-store.ts';
import type { LedgerStore } from '../../lib/ledger/item.ts';
import type { Clock } from '../../lib/platform/clock.ts';
import { type Progress, type ProgressStream, progress } from '../shared/progress.ts';
import type { Target } from '../shared/target.ts';
import type { Options } from './options.ts';
import { printable } from './words.ts';

/** What every command works with. */
export interface Session {
  readonly target: Target;
  readonly options: Options;
  readonly ledger: Pick<LedgerStore, 'read'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Results, on stdout. */
  readonly print: (text: string) => void;
  /** What is no result: notes, failures. */
  readonly note: (text: string) => void;
  readonly progress: Progress;
  /** Width of the terminal in characters. */
  readonly columns: number;
}

export function openSession(
  target: Target,
  options: Options,
  { clock, signal, stdout, stderr }: Surroundings,
): Session {
  return {
    target,
    options,
    ledger: dynamoDbLedger(target.dynamoDb, target.output('LedgerTableName')),
    clock,
    signal,
    print: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${printable(text)}\n`),
    progress: progress(stderr),
    columns: stdout.columns ?? 140,
  };
}

interface Surroundings {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly stdout: ProgressStream;
  readonly stderr: ProgressStream;
}
