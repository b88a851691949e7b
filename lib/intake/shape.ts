import * as v from 'valibot';
import type { FieldError } from '../contracts/dead-letter.ts';
import { type IntakeMessage, intakeMessage, maxListEntries, maxRecipients } from '../contracts/intake-message.ts';
import { fieldErrors } from './field-errors.ts';

export type ShapeResult =
  | { readonly ok: true; readonly message: IntakeMessage }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Checks the contract's fields one by one and against each other; addresses are only checked as strings. */
export function checkShape(value: unknown): ShapeResult {
  const outer = outerErrors(value);
  if (outer.length > 0) return { ok: false, errors: outer };
  const parsed = v.safeParse(intakeMessage, value);
  if (!parsed.success) return { ok: false, errors: fieldErrors(parsed.issues) };
  const errors = acrossFields(parsed.output);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, message: parsed.output };
}

/**
 * What must hold before the schema may look: valibot keeps a record of every bad entry, so a list of 400,000 wrong ones
 * would take the memory of the whole batch; it takes arrays for objects; and it skips the names that pollute prototypes.
 */
function outerErrors(value: unknown): FieldError[] {
  if (!isPlainObject(value)) return [{ field: 'body', rule: 'must be a JSON object' }];
  const envelopeTo = isPlainObject(value['envelope']) ? value['envelope']['to'] : undefined;
  return [
    ...['to', 'cc', 'bcc', 'replyTo'].flatMap((field) => listErrors(field, value[field], maxRecipients)),
    ...listErrors('envelope.to', envelopeTo, maxRecipients),
    ...listErrors('attachments', value['attachments'], maxListEntries),
    ...['headers', 'tags'].flatMap((field) => mapErrors(field, value[field])),
    ...['raw', 'envelope'].flatMap((field) => objectErrors(field, value[field])),
  ];
}

function listErrors(field: string, value: unknown, max: number): FieldError[] {
  const tooMany = Array.isArray(value) && value.length > max;
  return tooMany ? [{ field, rule: `must not have more than ${max} entries` }] : [];
}

function mapErrors(field: string, value: unknown): FieldError[] {
  if (!isPlainObject(value)) return objectErrors(field, value);
  const names = Object.keys(value);
  if (names.length > maxListEntries) {
    return [{ field, rule: `must not have more than ${maxListEntries} entries` }];
  }
  return names.flatMap((name) => {
    if (unsafeNames.has(name)) return [{ field: `${field}.${name}`, rule: 'is not an allowed name' }];
    return listErrors(`${field}.${name}`, value[name], maxListEntries);
  });
}

function objectErrors(field: string, value: unknown): FieldError[] {
  return Array.isArray(value) ? [{ field, rule: 'must be an object' }] : [];
}

const unsafeNames = new Set(['__proto__', 'constructor', 'prototype']);

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Composed fields, that `raw` takes the place of. */
const composedFields = ['replyTo', 'subject', 'text', 'html', 'headers', 'attachments'] as const;

function acrossFields(message: IntakeMessage): FieldError[] {
  const errors: FieldError[] = [];
  if (message.raw !== undefined) {
    for (const field of composedFields) {
      if (message[field] !== undefined) errors.push({ field, rule: 'must not be given together with "raw"' });
    }
  } else if (message.from === undefined) {
    errors.push({ field: 'from', rule: 'is required' });
  }
  if (message.expiresAt !== undefined && message.expiresInSeconds !== undefined) {
    errors.push({ field: 'expiresInSeconds', rule: 'must not be given together with "expiresAt"' });
  }
  const named = (message.to?.length ?? 0) + (message.cc?.length ?? 0) + (message.bcc?.length ?? 0);
  if (named > maxRecipients) {
    errors.push({
      field: 'to',
      rule: `must not have more than ${maxRecipients} recipients with cc and bcc, has ${named}`,
    });
  }
  return errors;
}
