import type { Mail } from '../../../lib/intake/mail.ts';
import { type IntakeRules, type ReadResult, readIntakeMessage } from '../../../lib/intake/read.ts';

export type Fields = Record<string, unknown>;

/** A message with nothing wrong in it; `fields` replace its own, undefined takes one away. */
export function aMessage(fields: Fields = {}): Fields {
  return { from: 'Shop <shop@example.com>', to: ['ada@example.org'], subject: 'Receipt', text: 'Thanks.', ...fields };
}

export function aRawMessage(content: string, fields: Fields = {}): Fields {
  return { raw: { content: Buffer.from(content).toString('base64') }, ...fields };
}

export interface ReadOptions {
  readonly messageId?: string;
  readonly sentTimestamp?: number;
  readonly idempotencyKey?: string;
  readonly rules?: Partial<IntakeRules>;
}

export function readBody(body: string, options: ReadOptions = {}): ReadResult {
  const { idempotencyKey } = options;
  return readIntakeMessage(
    {
      body,
      messageId: options.messageId ?? 'sqs-1',
      sentTimestamp: options.sentTimestamp ?? 0,
      attributes: idempotencyKey === undefined ? {} : { idempotencyKey },
    },
    { allowedFromDomains: [], attachmentBuckets: [], ...options.rules },
  );
}

export function read(message: unknown, options: ReadOptions = {}): ReadResult {
  return readBody(JSON.stringify(message), options);
}

/** The mail of a message that must be readable. */
export function readMail(message: unknown, options: ReadOptions = {}): Mail {
  const result = read(message, options);
  if (!result.ok) throw new Error(`not readable: ${JSON.stringify(result.errors)}`);
  return result.mail;
}
