import { evaluate, noValue, type Scope } from './intrinsics.ts';
import { type Account, type Identity, type ResourceType, resourceTypes } from './resource-types.ts';
import { isJsonObject, type Json, type JsonObject, type Template, type TemplateResource } from './template.ts';

export interface ResolvedResource {
  readonly logicalId: string;
  readonly type: string;
  /** The physical name: from the template, or the stack's name and the logical id. */
  readonly name: string;
  readonly identity: Identity;
  /** All intrinsic functions evaluated. */
  readonly properties: JsonObject;
}

export interface ResolvedStack {
  /** Only resources that are created or run locally, in the template's order. */
  readonly resources: readonly ResolvedResource[];
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Gives every resource of the template its physical identity in the emulated account and evaluates all properties and
 * outputs. Pure: identities follow from names, so nothing has to be created first.
 *
 * @throws Error that names the logical id (or output) and what is not supported or not known
 */
export function resolveTemplate(template: Template, stackName: string, account: Account): ResolvedStack {
  const scope = templateScope(template, stackName, account);
  const resources = Object.entries(template.Resources)
    .filter(([, resource]) => resource.Condition === undefined || scope.condition(resource.Condition))
    .filter(([logicalId, resource]) => typeOf(logicalId, resource).local === 'run')
    .map(([logicalId, resource]) =>
      naming(`Resource ${logicalId} (${resource.Type})`, () => ({
        logicalId,
        type: resource.Type,
        name: physicalName(logicalId, resource, stackName, scope),
        identity: scope.identity(logicalId),
        properties: evaluatedObject(resource.Properties, scope),
      })),
    );
  const outputs = Object.entries(template.Outputs)
    .filter(([, output]) => output.Condition === undefined || scope.condition(output.Condition))
    .map(([key, output]) => [key, naming(`Output ${key}`, () => String(evaluate(output.Value, scope)))]);
  return { resources, outputs: Object.fromEntries(outputs) };
}

interface TemplateScope extends Scope {
  identity(logicalId: string): Identity;
}

function templateScope(template: Template, stackName: string, account: Account): TemplateScope {
  const pseudo = pseudoParameters(stackName, account);
  const scope: TemplateScope = {
    ref: (name) => pseudo[name] ?? parameterValue(template, name) ?? scope.identity(name).ref,
    attribute: (logicalId, attribute) => {
      const value = scope.identity(logicalId).attributes[attribute];
      if (value === undefined) throw new Error(`Fn::GetAtt: ${logicalId}.${attribute} is not known in a local run`);
      return value;
    },
    condition: (name) => {
      const condition = template.Conditions[name];
      if (condition === undefined) throw new Error(`the template has no condition ${name}`);
      return evaluate(condition, scope) === true;
    },
    mapping: (map, top, second) => {
      const entries = member(template.Mappings[map], top);
      const value = entries === undefined ? undefined : member(entries, second);
      if (value === undefined) throw new Error(`Fn::FindInMap: ${map}.${top}.${second} is not in the template`);
      return value;
    },
    identity: (logicalId) => {
      const resource = template.Resources[logicalId];
      if (!resource) throw new Error(`the template has no resource or parameter ${logicalId}`);
      const name = physicalName(logicalId, resource, stackName, scope);
      return typeOf(logicalId, resource).identify(name, account);
    },
  };
  return scope;
}

function pseudoParameters(stackName: string, account: Account): Readonly<Record<string, Json | typeof noValue>> {
  return {
    'AWS::Region': account.region,
    'AWS::AccountId': account.accountId,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stackName,
    'AWS::StackId': `arn:aws:cloudformation:${account.region}:${account.accountId}:stack/${stackName}/local`,
    'AWS::NoValue': noValue,
  };
}

function parameterValue(template: Template, name: string): Json | undefined {
  const parameter = template.Parameters[name];
  if (!parameter) return undefined;
  if (parameter.Type.startsWith('AWS::SSM::') || parameter.Default === undefined) {
    throw new Error(`parameter ${name} (${parameter.Type}) has no value in a local run`);
  }
  return parameter.Default;
}

function typeOf(logicalId: string, resource: TemplateResource): ResourceType {
  const type = resourceTypes[resource.Type];
  if (!type) throw new Error(`Resource ${logicalId}: the type ${resource.Type} is not supported in a local run`);
  return type;
}

function physicalName(logicalId: string, resource: TemplateResource, stackName: string, scope: Scope): string {
  const given = resource.Properties[typeOf(logicalId, resource).nameProperty ?? ''];
  if (given !== undefined) {
    const name = evaluate(given, scope);
    if (typeof name === 'string') return name;
  }
  // 64 characters suit every service; the end of a logical id is its distinguishing hash.
  return `${stackName}-${logicalId}`.slice(-64).replace(/^[^A-Za-z0-9]+/, '');
}

function evaluatedObject(properties: JsonObject, scope: Scope): JsonObject {
  const value = evaluate(properties, scope);
  return isJsonObject(value) ? value : {};
}

function member(value: Json | undefined, key: string): Json | undefined {
  return value !== undefined && isJsonObject(value) ? value[key] : undefined;
}

function naming<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
