import type { LogEventCode } from '../../lib/telemetry/log-events.ts';

/** One line that a function logged, as far as experiments count it. */
export interface LogRecord {
  readonly event: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly relay: string;
  readonly outcome: string;
  readonly message: string;
  /** Of a transaction: on a session that was open before. */
  readonly reused: boolean;
}

export interface LogRecords {
  /** A line of a function's output; what is no log event, such as metrics, is left alone. */
  add(line: string): void;
  /** Events of one kind in [from, to), ms since the epoch; of one relay when it is named. */
  of(
    event: LogEventCode,
    query?: { readonly relay?: string; readonly from?: number; readonly to?: number },
  ): LogRecord[];
}

export function logRecords(): LogRecords {
  const byEvent = new Map<string, LogRecord[]>();
  return {
    add: (line) => {
      const record = read(line);
      if (record === undefined) return;
      const known = byEvent.get(record.event);
      if (known === undefined) byEvent.set(record.event, [record]);
      else known.push(record);
    },
    of: (event, { relay, from = 0, to = Number.POSITIVE_INFINITY } = {}) =>
      (byEvent.get(event) ?? []).filter(
        (record) => record.at >= from && record.at < to && (relay === undefined || record.relay === relay),
      ),
  };
}

function read(line: string): LogRecord | undefined {
  if (!line.startsWith('{"timestamp"')) return undefined;
  const fields: Readonly<Record<string, unknown>> = JSON.parse(line);
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  return {
    event: text('event'),
    at: Date.parse(text('timestamp')),
    relay: text('relay'),
    outcome: text('outcome'),
    message: text('message'),
    reused: line.includes('"reused":1'),
  };
}
