import { writeFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import { intakeMessage } from '../lib/contracts/intake-message.ts';

/** Where the JSON Schema for publishers is committed. Written anew with `node docs/generate-schema.ts`. */
export const schemaFile = new URL('intake-message.schema.json', import.meta.url);

/**
 * The intake contract as JSON Schema, for editors and for publishers in other languages. What JSON Schema cannot say (a
 * valid address, base64, refused headers, 960 KiB) the sender checks; what it can say is the same in both.
 */
export function intakeMessageSchema(): string {
  const { $schema, ...schema } = toJsonSchema(intakeMessage, { target: 'draft-2020-12', errorMode: 'ignore' });
  const document = {
    $schema,
    title: 'Postroom intake message, version 1',
    description: 'One mail, as a publisher puts it on the intake queue: JSON, UTF-8, at most 960 KiB.',
    ...schema,
    anyOf: [{ required: ['from'] }, { required: ['raw'] }],
    not: { required: ['expiresAt', 'expiresInSeconds'] },
    examples: [
      {
        idempotencyKey: 'order-1234/receipt',
        from: 'Example Shop <shop@example.com>',
        to: ['ada@example.org', { name: 'Bob', address: 'bob@example.net' }],
        subject: 'Your receipt',
        text: 'Thank you.',
      },
    ],
  };
  return `${oneLineLists(JSON.stringify(document, null, 2))}\n`;
}

/** Lists of a few words on one line, as the repository's formatter has them. */
function oneLineLists(json: string): string {
  return json.replace(/\[\s+((?:"[^"]*",\s+)*"[^"]*")\s+\]/g, (_, words: string) => `[${words.replace(/\s+/g, ' ')}]`);
}

if (import.meta.main) writeFileSync(schemaFile, intakeMessageSchema());
