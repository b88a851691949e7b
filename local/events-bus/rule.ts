import * as v from 'valibot';
import type { ResolvedResource } from '../template/resolve.ts';
import { isJsonObject, type Json, type JsonObject } from '../template/template.ts';
import { type Pattern, readPattern } from './pattern.ts';

/** An `AWS::Events::Rule` with an event pattern, and queues as its targets. */
export interface BusRule {
  readonly busName: string;
  readonly matches: Pattern;
  readonly queueUrls: readonly string[];
}

// Strict: a target's transformer that is not applied here must not be ignored.
const target = v.strictObject({
  Id: v.string(),
  Arn: v.string(),
  DeadLetterConfig: v.optional(v.unknown()),
  RetryPolicy: v.optional(v.unknown()),
});
const properties = v.object({
  EventBusName: v.optional(v.string(), 'default'),
  State: v.optional(v.string(), 'ENABLED'),
  Targets: v.optional(v.array(target), []),
});

/** Undefined: the rule runs on a schedule, or not at all. @throws Error for what the emulation does not do */
export function busRule(
  { properties: given }: ResolvedResource,
  queueUrls: ReadonlyMap<string, string>,
): BusRule | undefined {
  const pattern: Json | undefined = given['EventPattern'];
  if (!isPattern(pattern)) return undefined;
  const { EventBusName, State, Targets } = v.parse(properties, given);
  if (State !== 'ENABLED') return undefined;
  const targets = Targets.map(({ Arn }) => {
    const url = queueUrls.get(Arn);
    if (url === undefined) throw new Error(`the target ${Arn} is no queue of this stack; others are not emulated`);
    return url;
  });
  const busName = EventBusName.split('event-bus/').at(-1) ?? EventBusName;
  return { busName, matches: readPattern(pattern), queueUrls: targets };
}

function isPattern(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && isJsonObject(value);
}
