import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { outcomeSchema, schemaFileOf } from '../../../docs/events/generate.ts';
import { outcomeDetails, outcomeTypes } from '../../../lib/contracts/outcome-events.ts';
import { entryOf } from '../../../lib/events/entry.ts';
import { everyKind } from '../../support/outcome-events.ts';

const ajv = new Ajv2020({ strict: false, formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) } });

describe.each(outcomeTypes)('%s', (type) => {
  const committed = readFileSync(schemaFileOf(type), 'utf8');
  const validate = ajv.compile(JSON.parse(committed));
  const event = everyKind.find((one) => one.type === type) ?? expect.fail(`no ${type}`);
  const onTheBus = { source: 'postroom', 'detail-type': type, detail: JSON.parse(entryOf(event).detail) };

  it('has its schema committed as the source says (node docs/events/generate.ts)', () => {
    expect(committed).toBe(outcomeSchema(type));
  });

  it('is what its schema says', () => {
    expect(validate(onTheBus) ? [] : validate.errors).toEqual([]);
  });

  it('has no field that the schema does not name', () => {
    expect(v.parse(outcomeDetails[type], event.detail)).toEqual(event.detail);
  });

  it.each(['eventId', 'idempotencyKey', 'recipients', 'tags'])('is refused without %s', (field) => {
    const { [field]: _, ...detail } = onTheBus.detail;

    expect(validate({ ...onTheBus, detail })).toBe(false);
  });

  it('is refused with another time format', () => {
    expect(validate({ ...onTheBus, detail: { ...onTheBus.detail, at: 'yesterday' } })).toBe(false);
  });
});
