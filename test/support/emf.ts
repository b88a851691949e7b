import * as v from 'valibot';

const finite = v.pipe(v.number(), v.finite());
const oneToHundred = v.pipe(v.array(finite), v.minLength(1), v.maxLength(100));

/**
 * The metadata of the CloudWatch embedded metric format, with the limits of its specification
 * (CloudWatch user guide, "Specification: Embedded metric format").
 */
const metadata = v.object({
  _aws: v.strictObject({
    Timestamp: v.pipe(v.number(), v.integer(), v.minValue(0)),
    CloudWatchMetrics: v.pipe(
      v.array(
        v.strictObject({
          Namespace: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)),
          Dimensions: v.pipe(v.array(v.pipe(v.array(v.string()), v.maxLength(30))), v.minLength(1)),
          Metrics: v.pipe(
            v.array(v.strictObject({ Name: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)), Unit: v.string() })),
            v.minLength(1),
            v.maxLength(100),
          ),
        }),
      ),
      v.length(1),
    ),
  }),
});

export interface EmfDocument {
  readonly timestamp: number;
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly units: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** Every member of the document, metrics and dimensions included. */
  readonly properties: Readonly<Record<string, unknown>>;
}

export type Dimensions = Readonly<Record<string, string>>;

/** The EMF documents among captured lines of output. Throws when one breaks the specification. */
export function emfDocuments(lines: readonly string[]): readonly EmfDocument[] {
  return lines.flatMap((line) => {
    const root = membersOf(line);
    return root !== undefined && '_aws' in root ? [readDocument(root)] : [];
  });
}

/** The sum of a metric's values in captured lines, over the documents that carry all the given dimensions. */
export function sumOf(lines: readonly string[], name: string, dimensions: Dimensions = {}): number {
  return valuesOf(lines, name, dimensions).reduce((sum, value) => sum + value, 0);
}

/** A metric's values in captured lines, in the order of output. */
export function valuesOf(lines: readonly string[], name: string, dimensions: Dimensions = {}): readonly number[] {
  return emfDocuments(lines)
    .filter((document) => Object.entries(dimensions).every(([key, value]) => document.dimensions[key] === value))
    .flatMap((document) => document.values[name] ?? []);
}

function membersOf(line: string): Record<string, unknown> | undefined {
  try {
    return v.parse(v.record(v.string(), v.unknown()), JSON.parse(line));
  } catch {
    return undefined;
  }
}

function readDocument(root: Record<string, unknown>): EmfDocument {
  const { _aws } = v.parse(metadata, root);
  const [directive] = _aws.CloudWatchMetrics;
  if (directive === undefined || directive.Dimensions.length !== 1) throw new Error('one dimension set expected');
  const names = directive.Metrics.map((metric) => metric.Name);
  if (new Set(names).size !== names.length) throw new Error('a metric is declared twice');
  const dimensions = (directive.Dimensions[0] ?? []).map((name) => [
    name,
    v.parse(v.pipe(v.string(), v.minLength(1)), root[name]),
  ]);
  return {
    timestamp: _aws.Timestamp,
    namespace: directive.Namespace,
    dimensions: Object.fromEntries(dimensions),
    units: Object.fromEntries(directive.Metrics.map((metric) => [metric.Name, metric.Unit])),
    values: Object.fromEntries(names.map((name) => [name, declaredValues(root[name])])),
    properties: root,
  };
}

function declaredValues(value: unknown): readonly number[] {
  return typeof value === 'number' ? [v.parse(finite, value)] : v.parse(oneToHundred, value);
}
