import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { PublishPorts } from './publish.ts';

/** An EventBridge bus. One call takes ten entries, 256 KB together. */
export function eventBus(client: EventBridgeClient, busName: string): PublishPorts['put'] {
  return async (entries) => {
    const { Entries = [] } = await client.send(
      new PutEventsCommand({
        Entries: entries.map(({ source, detailType, detail, time }) => ({
          EventBusName: busName,
          Source: source,
          DetailType: detailType,
          Detail: detail,
          Time: time,
        })),
      }),
    );
    return new Map(
      Entries.flatMap(({ EventId, ErrorCode = 'unknown', ErrorMessage = '' }, index) =>
        EventId === undefined ? [[index, `${ErrorCode}: ${ErrorMessage}`] as const] : [],
      ),
    );
  };
}
