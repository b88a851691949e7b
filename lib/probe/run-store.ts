import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import { isConditionFailure } from '../platform/versioned-table.ts';

/** The mark of a pause that the probe function made: a mapping that is disabled without it was disabled by people. */
const intakePause = v.looseObject({
  /** UUID of the event source mapping. */
  mapping: v.string(),
  /** Milliseconds since the epoch. */
  since: v.number(),
  /** When Lambda was asked to disable it last, or was about to be. */
  askedAt: v.number(),
  /** A sentence for people. */
  reason: v.string(),
});

export type IntakePause = v.InferOutput<typeof intakePause>;

const runItem = v.looseObject({ owner: v.string(), endsAt: v.number(), pause: v.exactOptional(intakePause) });

export type TakenRun =
  | { readonly taken: true; readonly pause?: IntakePause }
  /** Somebody else probes, and has until then (ms since the epoch). */
  | { readonly taken: false; readonly endsAt: number };

/**
 * The one item that all invocations of the probe function share: who may probe now, and the mark of a paused intake. Only
 * the owner changes the mark; whoever lost the lease meanwhile is refused. Errors of the service are thrown.
 */
export interface RunStore {
  take(owner: string, now: number, endsAt: number): Promise<TakenRun>;
  /** @throws RunLost */
  mark(owner: string, pause: IntakePause): Promise<void>;
  /** Takes the mark away, and keeps of it for the audit when the pause was. `now`: ms since the epoch. @throws RunLost */
  unmark(owner: string, now: number): Promise<void>;
  /** Others may probe from now on. */
  release(owner: string): Promise<void>;
}

/** Another invocation probes: this one was too slow, and must leave everything as it is. */
export class RunLost extends Error {
  override readonly name = 'RunLost';
}

/** No relay has such a name (`#` is not allowed in one), so that the item can live among the relays. */
const Key = { relay: { S: '#probe' } };

export function dynamoDbRuns(client: DynamoDBClient, tableName: string): RunStore {
  const update = async (expression: string, condition: string, values: Record<string, unknown>) => {
    const { Attributes } = await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key,
        UpdateExpression: expression,
        ConditionExpression: condition,
        ExpressionAttributeNames: namesIn(`${expression} ${condition}`),
        ExpressionAttributeValues: marshall(values),
        ReturnValues: 'ALL_NEW',
      }),
    );
    return v.parse(runItem, unmarshall(Attributes ?? {}));
  };

  const change = async (owner: string, expression: string, values: Record<string, unknown>) => {
    try {
      await update(expression, '#owner = :owner', { ':owner': owner, ...values });
    } catch (error) {
      throw isConditionFailure(error) ? new RunLost('another invocation probes', { cause: error }) : error;
    }
  };

  return {
    async take(owner, now, endsAt) {
      const free = 'attribute_not_exists(#owner) OR #endsAt <= :now OR #owner = :owner';
      try {
        const { pause } = await update('SET #owner = :owner, #endsAt = :endsAt', free, {
          ':owner': owner,
          ':now': now,
          ':endsAt': endsAt,
        });
        return { taken: true, ...(pause && { pause }) };
      } catch (error) {
        if (!isConditionFailure(error)) throw error;
        const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }));
        return { taken: false, endsAt: Item === undefined ? now : v.parse(runItem, unmarshall(Item)).endsAt };
      }
    },
    mark: (owner, pause) => change(owner, 'SET #pause = :pause', { ':pause': pause }),
    // A request that the SDK repeats finds no pause any more.
    unmark: (owner, now) =>
      change(owner, 'SET #lastPause = if_not_exists(#pause, #lastPause), #resumedAt = :now REMOVE #pause', {
        ':now': now,
      }),
    async release(owner) {
      await update('SET #endsAt = :free', '#owner = :owner', { ':owner': owner, ':free': 0 }).catch((error) => {
        if (!isConditionFailure(error)) throw error;
      });
    },
  };
}

/** DynamoDB refuses names that an expression does not use; some of ours are reserved words. */
function namesIn(expression: string): Record<string, string> {
  return Object.fromEntries(expression.match(/#\w+/g)?.map((name) => [name, name.slice(1)]) ?? []);
}
