import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AttributeValue } from 'aws-lambda';
import * as v from 'valibot';

/** An item or its key in DynamoDB's own JSON. */
export type Image = Record<string, AttributeValue>;

/** One write that took effect. */
export interface TableChange {
  readonly keys: Image;
  readonly old?: Image;
  readonly new?: Image;
}

/** Table writes as they take effect, for whoever plays a change stream of them. */
export interface TableChanges {
  /** From now on. The table must be empty: what it held before would not be known. */
  watch(table: string, keyNames: readonly string[], onChange: (change: TableChange) => void): void;
}

// What DynamoDB has accepted has this shape: there is nothing left to check.
const image: v.GenericSchema<unknown, Image> = v.custom<Image>((value) => typeof value === 'object' && value !== null);
const write = v.object({ TableName: v.string(), Item: v.optional(image), Key: v.optional(image) });

interface Watched {
  readonly keyNames: readonly string[];
  readonly images: Map<string, Image>;
  readonly onChange: (change: TableChange) => void;
}

/**
 * Sees the writes that a DynamoDB emulator takes, and remembers what each replaced. PutItem and DeleteItem only: nothing
 * else writes to a table that is streamed here.
 */
export function recordChanges(server: Server): TableChanges {
  const tables = new Map<string, Watched>();

  function take(action: string, body: string): void {
    const { TableName, Item, Key } = v.parse(v.pipe(v.string(), v.parseJson(), write), body);
    const table = tables.get(TableName);
    if (table === undefined) return;
    const source = action === 'PutItem' ? Item : Key;
    const keys = Object.fromEntries(table.keyNames.map((name) => [name, source?.[name] ?? { NULL: true }]));
    const id = JSON.stringify(keys);
    const old = table.images.get(id);
    const next = action === 'PutItem' ? Item : undefined;
    if (next === undefined) table.images.delete(id);
    else table.images.set(id, next);
    if (old === undefined && next === undefined) return;
    table.onChange({ keys, ...(old === undefined ? {} : { old }), ...(next === undefined ? {} : { new: next }) });
  }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    if (action !== 'PutItem' && action !== 'DeleteItem') return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // At the moment of the answer, not of its arrival: a caller that was killed meanwhile has written all the same.
    response.end = new Proxy(response.end, {
      apply: (end, self, args) => {
        if (response.statusCode === 200) take(action, Buffer.concat(chunks).toString());
        return Reflect.apply(end, self, args);
      },
    });
  });
  return {
    watch: (table, keyNames, onChange) => void tables.set(table, { keyNames, images: new Map(), onChange }),
  };
}
