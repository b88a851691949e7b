import * as v from 'valibot';
import { type Pattern, readPattern } from '../events-bus/pattern.ts';
import type { ResolvedResource } from '../template/resolve.ts';
import type { JsonObject } from '../template/template.ts';

/** An `AWS::Lambda::EventSourceMapping` from a table's change stream to a function. */
export interface StreamMapping {
  readonly streamArn: string;
  readonly tableName: string;
  /** Of the table, hash key first. */
  readonly keyNames: readonly string[];
  /** Name or ARN, as the template has it. */
  readonly functionId: string;
  readonly batchSize: number;
  readonly windowMs: number;
  /** A record goes to the function when one of them matches; all do when there is none. */
  readonly filters: readonly Pattern[];
  /** -1: without end. */
  readonly retryAttempts: number;
  /** Infinity: as long as it takes. */
  readonly maxRecordAgeMs: number;
  readonly bisect: boolean;
  readonly reportBatchItemFailures: boolean;
  readonly failureQueueUrl?: string;
}

// What the template parser returned is JSON: there is nothing left to check.
const pattern = v.pipe(
  v.string(),
  v.parseJson(),
  v.custom<JsonObject>((value) => typeof value === 'object'),
);

// Strict: a setting that the poller does not know must not be ignored. Defaults of AWS::Lambda::EventSourceMapping.
const mappingProperties = v.strictObject({
  EventSourceArn: v.string(),
  FunctionName: v.string(),
  StartingPosition: v.literal('TRIM_HORIZON'),
  BatchSize: v.optional(v.number(), 100),
  MaximumBatchingWindowInSeconds: v.optional(v.number(), 0),
  MaximumRecordAgeInSeconds: v.optional(v.number(), -1),
  MaximumRetryAttempts: v.optional(v.number(), -1),
  BisectBatchOnFunctionError: v.optional(v.boolean(), false),
  DestinationConfig: v.optional(v.strictObject({ OnFailure: v.strictObject({ Destination: v.string() }) })),
  FilterCriteria: v.optional(v.strictObject({ Filters: v.array(v.strictObject({ Pattern: pattern })) })),
  FunctionResponseTypes: v.optional(v.array(v.literal('ReportBatchItemFailures')), []),
  Tags: v.optional(v.array(v.unknown())),
});

const tableProperties = v.object({ KeySchema: v.array(v.object({ AttributeName: v.string() })) });

/** Undefined: its source is no stream of a table of this stack. @throws Error for a setting that is not emulated */
export function streamMapping(
  { properties }: ResolvedResource,
  tables: readonly ResolvedResource[],
  queueUrls: ReadonlyMap<string, string>,
): StreamMapping | undefined {
  const source = properties['EventSourceArn'];
  const table = tables.find(({ identity }) => identity.attributes['StreamArn'] === source);
  if (table === undefined) return undefined;
  const given = v.parse(mappingProperties, properties);
  const destination = given.DestinationConfig?.OnFailure.Destination;
  const failureQueueUrl = destination === undefined ? undefined : queueUrls.get(destination);
  if (destination !== undefined && failureQueueUrl === undefined) {
    throw new Error(`${destination} is no queue of this stack`);
  }
  const age = given.MaximumRecordAgeInSeconds;
  return {
    streamArn: given.EventSourceArn,
    tableName: table.name,
    keyNames: v.parse(tableProperties, table.properties).KeySchema.map(({ AttributeName }) => AttributeName),
    functionId: given.FunctionName,
    batchSize: given.BatchSize,
    windowMs: given.MaximumBatchingWindowInSeconds * 1000,
    filters: (given.FilterCriteria?.Filters ?? []).map(({ Pattern }) => readPattern(Pattern)),
    retryAttempts: given.MaximumRetryAttempts,
    maxRecordAgeMs: age < 0 ? Number.POSITIVE_INFINITY : age * 1000,
    bisect: given.BisectBatchOnFunctionError,
    reportBatchItemFailures: given.FunctionResponseTypes.length > 0,
    ...(failureQueueUrl === undefined ? {} : { failureQueueUrl }),
  };
}
