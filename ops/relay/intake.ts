import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import type { Session } from './session.ts';
import { ago } from './words.ts';

const run = v.object({ pause: v.optional(v.object({ since: v.number(), reason: v.string() })) });

/** The probe function's pause of the intake, in words; undefined when it made none. */
export async function describePause({ target, clock }: Session): Promise<string | undefined> {
  const { Item } = await target.dynamoDb.send(
    new GetItemCommand({
      TableName: target.output('RelayHealthTableName'),
      Key: { relay: { S: '#probe' } },
      ConsistentRead: true,
    }),
  );
  const found = v.safeParse(run, unmarshall(Item ?? {}));
  const pause = found.success ? found.output.pause : undefined;
  return pause && `The intake is paused since ${ago(pause.since, clock.now())}: ${pause.reason}.`;
}
