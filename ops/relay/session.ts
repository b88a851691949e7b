import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { type DynamoDbRelayHealth, dynamoDbRelayHealth } from '../../lib/health/health-store.ts';
import type { Clock } from '../../lib/platform/clock.ts';
import { printable } from '../dlq/words.ts';
import { CommandError, errorText } from '../shared/command.ts';
import type { Target } from '../shared/target.ts';
import type { Options } from './options.ts';

/** What every command works with. */
export interface Session {
  readonly target: Target;
  readonly options: Options;
  /** Of the stage, by name: the ARN of the secret. */
  readonly relays: ReadonlyMap<string, string>;
  readonly store: DynamoDbRelayHealth;
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

/** What stands in the table is no health of a relay: senders give it mail all the same, and probes cannot overwrite it. */
function unreadable(relay: string): string {
  return `What the health table holds about ${relay} cannot be understood; npm run relay -- reset ${relay} replaces it.`;
}

export function isUnreadable(error: unknown): boolean {
  return error instanceof CommandError && v.isValiError(error.cause);
}

/** Says in words why the health table did not do what it was asked to. */
export async function told<T>(relay: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const message = v.isValiError(error)
      ? unreadable(relay)
      : `The health of ${relay} cannot be read or written: ${errorText(error)}`;
    throw new CommandError(message, 1, { cause: error });
  }
}

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
      onUnreadable: (relay) => note(unreadable(relay)),
    }),
    clock,
    newId: randomUUID,
    print: (text) => void stdout.write(`${text}\n`),
    note,
  };
}
