import { writeFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import { eventSource, type OutcomeType, outcomeDetails, outcomeTypes } from '../../lib/contracts/outcome-events.ts';

/** Where the JSON Schema of an outcome event is committed. Written anew with `node docs/events/generate.ts`. */
export const schemaFileOf = (type: OutcomeType): URL =>
  new URL(`${type.toLowerCase().replaceAll(' ', '-')}.schema.json`, import.meta.url);

/** An event as a rule's target receives it: EventBridge's own fields, and `detail` by the contract. */
export function outcomeSchema(type: OutcomeType): string {
  const { $schema, ...detail } = toJsonSchema(outcomeDetails[type], { target: 'draft-2020-12' });
  const document = {
    $schema,
    title: `Postroom outcome event: ${type}`,
    type: 'object',
    properties: { source: { const: eventSource }, 'detail-type': { const: type }, detail },
    required: ['source', 'detail-type', 'detail'],
  };
  return `${oneLineLists(JSON.stringify(document, null, 2))}\n`;
}

/** Lists of a few words on one line, as the repository's formatter has them. */
function oneLineLists(json: string): string {
  return json.replace(/\[\s+((?:"[^"]*",\s+)*"[^"]*")\s+\]/g, (all, words: string) => {
    const line = `[${words.replace(/\s+/g, ' ')}]`;
    return line.length <= 100 ? line : all;
  });
}

if (import.meta.main) for (const type of outcomeTypes) writeFileSync(schemaFileOf(type), outcomeSchema(type));
