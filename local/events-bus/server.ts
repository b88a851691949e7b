import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import type { RequestCounter } from '../platform/request-counter.ts';
import type { Json } from '../template/template.ts';
import type { BusRule } from './rule.ts';

/** An event as targets get it, https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Json;
}

export interface EventBusOptions {
  readonly region: string;
  readonly accountId: string;
  readonly counter: RequestCounter;
}

export interface EventBuses {
  readonly server: Server;
  /** `deliver` gets each event that the rule matches, as JSON, for each of its queues. */
  addRule(rule: BusRule, deliver: (queueUrl: string, body: string) => Promise<unknown>): void;
}

const entry = v.object({
  Source: v.string(),
  DetailType: v.string(),
  Detail: v.string(),
  EventBusName: v.optional(v.string(), 'default'),
  Time: v.optional(v.number()),
  Resources: v.optional(v.array(v.string()), []),
});
const input = v.object({ Entries: v.pipe(v.array(entry), v.minLength(1), v.maxLength(10)) });
type Entry = v.InferOutput<typeof entry>;

const largestBytes = 256 * 1024;

/**
 * PutEvents of EventBridge, with rules of the template that lead to queues. A bus exists as soon as it is named. Events
 * that no rule matches are gone, as in the service.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export function createEventBuses({ region, accountId, counter }: EventBusOptions): EventBuses {
  const rules: { readonly rule: BusRule; readonly deliver: (url: string, body: string) => Promise<unknown> }[] = [];

  async function answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
    if (request.headers['x-amz-target'] !== 'AWSEvents.PutEvents') {
      return { status: 400, body: { __type: 'UnknownOperationException', message: 'not emulated' } };
    }
    counter.count('EventBridge.PutEvents');
    const { Entries } = v.parse(v.pipe(v.string(), v.parseJson(), input), await text(request));
    if (Entries.reduce((sum, one) => sum + bytesOf(one), 0) > largestBytes)
      throw new Error('Total size exceeds 256 KB');
    const results = await Promise.all(Entries.map(put));
    return {
      status: 200,
      body: { FailedEntryCount: results.filter((one) => 'ErrorCode' in one).length, Entries: results },
    };
  }

  async function put(given: Entry): Promise<object> {
    const detail = v.safeParse(v.pipe(v.string(), v.parseJson(), json), given.Detail);
    if (!detail.success) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    const event = toEvent(given, detail.output);
    const matched = rules.filter(({ rule }) => rule.busName === given.EventBusName && rule.matches({ ...event }));
    await Promise.all(
      matched.flatMap(({ rule, deliver }) => rule.queueUrls.map((url) => deliver(url, JSON.stringify(event)))),
    );
    return { EventId: event.id };
  }

  function toEvent({ Source, DetailType, Time = Date.now() / 1000, Resources }: Entry, detail: Json): BusEvent {
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': DetailType,
      source: Source,
      account: accountId,
      time: new Date(Time * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
      region,
      resources: Resources,
      detail,
    };
  }

  const server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown) => ({ status: 400, body: { __type: 'ValidationException', message: String(error) } }))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
      });
  });
  return { server, addRule: (rule, deliver) => void rules.push({ rule, deliver }) };
}

// What JSON.parse returned is JSON: there is nothing left to check.
const json: v.GenericSchema<unknown, Json> = v.custom<Json>(() => true);

/** As the service counts: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
function bytesOf({ Source, DetailType, Detail, Time }: Entry): number {
  const texts = [Source, DetailType, Detail].reduce((sum, one) => sum + Buffer.byteLength(one), 0);
  return texts + (Time === undefined ? 0 : 14);
}
