import * as v from 'valibot';
import { isJsonObject, type Json, type JsonObject } from '../template/template.ts';

const literal = v.union([v.string(), v.number(), v.boolean(), v.null()]);
const matcher = v.union([
  literal,
  v.strictObject({ prefix: v.string() }),
  v.strictObject({ exists: v.boolean() }),
  v.strictObject({ 'anything-but': v.union([literal, v.array(literal)]) }),
]);
type Matcher = v.InferOutput<typeof matcher>;

export type Pattern = (event: Json) => boolean;

/**
 * The part of EventBridge's event patterns, which are Lambda's filter patterns too, that stacks here use: lists of values,
 * `prefix`, `exists` and `anything-but`.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 *
 * @throws Error that names the field whose rule is not supported: a pattern must not match more here than in AWS
 */
export function readPattern(pattern: JsonObject, path = ''): Pattern {
  const fields = Object.entries(pattern).map(([name, rule]): Pattern => {
    const here = `${path}${name}`;
    const test = ruleFor(rule, here);
    return (event) =>
      test(typeof event === 'object' && event !== null && isJsonObject(event) ? event[name] : undefined);
  });
  return (event) => fields.every((field) => field(event));
}

function ruleFor(rule: Json, path: string): (value: Json | undefined) => boolean {
  if (Array.isArray(rule)) {
    const alternatives = v.safeParse(v.array(matcher), rule);
    if (!alternatives.success) throw new Error(`the pattern of ${path} is not supported in a local run`);
    return (value) => alternatives.output.some((alternative) => matches(alternative, value));
  }
  if (typeof rule !== 'object' || rule === null || !isJsonObject(rule)) {
    throw new Error(`the pattern of ${path} is neither a list nor an object`);
  }
  const inner = readPattern(rule, `${path}.`);
  return (value) => inner(value ?? null);
}

function matches(alternative: Matcher, value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.some((one) => matches(alternative, one));
  if (typeof alternative !== 'object' || alternative === null) return value === alternative;
  if ('exists' in alternative) return (value !== undefined) === alternative.exists;
  if ('prefix' in alternative) return typeof value === 'string' && value.startsWith(alternative.prefix);
  return value !== undefined && ![alternative['anything-but']].flat().some((one) => one === value);
}
