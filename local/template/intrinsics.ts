import { isJsonObject, type Json, type JsonObject } from './template.ts';

/** `AWS::NoValue`: the property or list entry that holds it is left out. */
export const noValue = Symbol('AWS::NoValue');
type Value = Json | typeof noValue;

/** What the names in a template stand for. Every function throws when it does not know the name. */
export interface Scope {
  ref(name: string): Value;
  attribute(logicalId: string, attribute: string): Json;
  condition(name: string): boolean;
  mapping(map: string, topLevelKey: string, secondLevelKey: string): Json;
}

type Intrinsic = (argument: Json, scope: Scope) => Value;

/**
 * Evaluates CloudFormation's intrinsic functions in a JSON value.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 *
 * @throws Error that names the function or the name nobody knows
 */
export function evaluate(value: Json, scope: Scope): Json {
  const result = evaluateValue(value, scope);
  if (result === noValue) throw new Error('AWS::NoValue stands where a value is needed');
  return result;
}

function evaluateValue(value: Json, scope: Scope): Value {
  if (Array.isArray(value)) return value.map((entry) => evaluateValue(entry, scope)).filter(isPresent);
  if (typeof value !== 'object' || value === null || !isJsonObject(value)) return value;
  const [name, ...others] = Object.keys(value);
  if (name !== undefined && others.length === 0 && (name.startsWith('Fn::') || name === 'Ref' || isCondition(value))) {
    const intrinsic = intrinsics[name];
    if (!intrinsic) throw new Error(`${name} is not supported in a local run`);
    return intrinsic(value[name] ?? null, scope);
  }
  return evaluateProperties(value, scope);
}

function evaluateProperties(value: JsonObject, scope: Scope): JsonObject {
  const properties: Record<string, Json> = {};
  for (const [key, entry] of Object.entries(value)) {
    const result = evaluateValue(entry, scope);
    if (result !== noValue) properties[key] = result;
  }
  return properties;
}

function isPresent(value: Value): value is Json {
  return value !== noValue;
}

// IAM statements have a `Condition` too, but an object there.
function isCondition(value: JsonObject): boolean {
  return typeof value['Condition'] === 'string';
}

const intrinsics: Readonly<Record<string, Intrinsic>> = {
  Ref: (argument, scope) => scope.ref(text(argument, 'Ref')),
  Condition: (argument, scope) => scope.condition(text(argument, 'Condition')),
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId = '', ...path] =
      typeof argument === 'string' ? argument.split('.') : texts(argument, 'Fn::GetAtt');
    return scope.attribute(logicalId, path.join('.'));
  },
  'Fn::Join': (argument, scope) => {
    const [delimiter, parts] = list(argument, 'Fn::Join');
    return texts(evaluate(parts ?? null, scope), 'Fn::Join').join(text(delimiter ?? null, 'Fn::Join'));
  },
  'Fn::Split': (argument, scope) => {
    const [delimiter, source] = list(argument, 'Fn::Split');
    return text(evaluate(source ?? null, scope), 'Fn::Split').split(text(delimiter ?? null, 'Fn::Split'));
  },
  'Fn::Select': (argument, scope) => {
    const [index, source] = list(argument, 'Fn::Select');
    const selected = list(evaluate(source ?? null, scope), 'Fn::Select')[Number(evaluate(index ?? null, scope))];
    if (selected === undefined) throw new Error('Fn::Select: the index is outside of the list');
    return selected;
  },
  'Fn::Sub': substitute,
  'Fn::Base64': (argument, scope) => Buffer.from(text(evaluate(argument, scope), 'Fn::Base64')).toString('base64'),
  'Fn::FindInMap': (argument, scope) => {
    const [map = '', top = '', second = ''] = texts(evaluate(argument, scope), 'Fn::FindInMap');
    return scope.mapping(map, top, second);
  },
  'Fn::If': (argument, scope) => {
    const [name, whenTrue, whenFalse] = list(argument, 'Fn::If');
    const branch = scope.condition(text(name ?? null, 'Fn::If')) ? whenTrue : whenFalse;
    return evaluateValue(branch ?? null, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = list(evaluate(argument, scope), 'Fn::Equals');
    return String(left) === String(right);
  },
  'Fn::And': (argument, scope) => list(evaluate(argument, scope), 'Fn::And').every((entry) => entry === true),
  'Fn::Or': (argument, scope) => list(evaluate(argument, scope), 'Fn::Or').some((entry) => entry === true),
  'Fn::Not': (argument, scope) => list(evaluate(argument, scope), 'Fn::Not')[0] === false,
};

function substitute(argument: Json, scope: Scope): string {
  const [pattern, variables] = typeof argument === 'string' ? [argument, {}] : list(argument, 'Fn::Sub');
  const own = isJsonObject(variables ?? {}) ? evaluate(variables ?? {}, scope) : {};
  return text(pattern ?? null, 'Fn::Sub').replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    const [logicalId = '', ...path] = name.split('.');
    const value = isJsonObject(own) && own[name] !== undefined ? own[name] : undefined;
    const found = value ?? (path.length > 0 ? scope.attribute(logicalId, path.join('.')) : scope.ref(name));
    if (found === noValue) throw new Error('Fn::Sub: AWS::NoValue has no text');
    return text(found, 'Fn::Sub');
  });
}

function text(value: Json, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${where}: expected a string, found ${JSON.stringify(value)}`);
}

function texts(value: Json, where: string): string[] {
  return list(value, where).map((entry) => text(entry, where));
}

function list(value: Json, where: string): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${where}: expected a list, found ${JSON.stringify(value)}`);
}
