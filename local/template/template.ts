import * as v from 'valibot';

/** Anything that JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

// What JSON.parse returned is JSON: there is nothing left to check.
const json: v.GenericSchema<Json> = v.custom<Json>(() => true);
const jsonObject: v.GenericSchema<JsonObject> = v.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);

const resource = v.object({
  Type: v.string(),
  Properties: v.optional(jsonObject, {}),
  Condition: v.optional(v.string()),
});

const parameter = v.object({ Type: v.string(), Default: v.optional(json) });

const template = v.object({
  Parameters: v.optional(v.record(v.string(), parameter), {}),
  Mappings: v.optional(jsonObject, {}),
  Conditions: v.optional(jsonObject, {}),
  Resources: v.record(v.string(), resource),
  Outputs: v.optional(v.record(v.string(), v.object({ Value: json, Condition: v.optional(v.string()) })), {}),
});

/** A CloudFormation template, as far as a local run reads it. */
export type Template = v.InferOutput<typeof template>;
export type TemplateResource = v.InferOutput<typeof resource>;

/** @throws ValiError when the value does not have the shape of a template. */
export function parseTemplate(value: Json): Template {
  return v.parse(template, value);
}

export function isJsonObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
