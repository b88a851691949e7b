import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { dynamoDbRelayHealth } from '../../lib/health/health-store.ts';
import type { RelayHealthStore } from '../../lib/health/item.ts';
import type { Clock } from '../../lib/platform/clock.ts';
import { printable } from '../dlq/words.ts';
import { CommandError } from '../shared/command.ts';
import type { Target } from '../shared/target.ts';
import type { Options } from './options.ts';

/** What every command works with. */
export interface Session {
  readonly target: Target;
  readonly options: Options;
  /** Of the stage, by name: the ARN of the secret. */
  readonly relays: ReadonlyMap<string, string>;
  readonly store: RelayHealthStore;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Results, on stdout. */
  readonly print: (text: string) => void;
  /** What is no result, on stderr. */
  readonly note: (text: string) => void;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

const secretArns = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.string()));
/** The table may be asked for longer than a mail would wait. */
const patienceMs = 10_000;

/** Throws a CommandError that names the relays there are when the one that was asked for is none of them. */
export function openSession(target: Target, options: Options, { clock, stdout, stderr }: Surroundings): Session {
  const note = (text: string) => void stderr.write(`${printable(text)}\n`);
  const relays = new Map(Object.entries(v.parse(secretArns, target.output('RelaySecretArns'))));
  if (options.command !== 'list' && !relays.has(options.relay)) {
    const known = [...relays.keys()].join(', ');
    throw new CommandError(`There is no relay "${printable(options.relay)}" in ${target.name}. It has: ${known}`, 2);
  }
  return {
    target,
    options,
    relays,
    store: dynamoDbRelayHealth({
      client: target.dynamoDb,
      tableName: target.output('RelayHealthTableName'),
      patienceMs,
      onUnreadable: (relay) => note(`What the health table holds about ${relay} cannot be understood.`),
    }),
    clock,
    newId: randomUUID,
    print: (text) => void stdout.write(`${text}\n`),
    note,
  };
}
