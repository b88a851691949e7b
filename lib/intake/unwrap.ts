import type { FieldError } from '../contracts/dead-letter.ts';
import { maxIntakeBytes } from '../contracts/intake-message.ts';
import { isPlainObject } from './shape.ts';

export type Unwrapped =
  | { readonly ok: true; readonly value: unknown; readonly envelopeId?: string }
  | { readonly ok: false; readonly error: FieldError };

/** SNS around EventBridge around a JSON string are four; a body that has more is no honest message. */
const maxLayers = 6;

/**
 * Takes the intake message out of what AWS services wrap around it: a JSON string, an SNS notification (`Message`), an
 * EventBridge event (`detail`), and combinations. The id of the innermost envelope wins: EventBridge may hand one event
 * to SNS twice, and SNS then gives each its own id.
 */
export function unwrap(body: string): Unwrapped {
  if (isTooLong(body)) {
    return refuse(`must not be larger than ${maxIntakeBytes} bytes, has ${Buffer.byteLength(body)}`);
  }
  let value: unknown = body;
  let envelopeId: string | undefined;
  for (let layer = 0; layer < maxLayers; layer += 1) {
    if (typeof value === 'string') {
      const parsed = parseJson(value);
      if (!parsed.ok) return refuse('must be JSON');
      value = parsed.value;
    } else if (isSnsNotification(value)) {
      envelopeId = idOf(value['MessageId']) ?? envelopeId;
      value = value['Message'];
    } else if (isEventBridgeEvent(value)) {
      envelopeId = idOf(value['id']) ?? envelopeId;
      value = value['detail'];
    } else {
      return envelopeId === undefined ? { ok: true, value } : { ok: true, value, envelopeId };
    }
  }
  return refuse(`must not be wrapped more than ${maxLayers - 1} times`);
}

/** A UTF-16 unit takes one to three bytes, so most bodies need no count. */
function isTooLong(body: string): boolean {
  return body.length > maxIntakeBytes || (body.length * 3 > maxIntakeBytes && Buffer.byteLength(body) > maxIntakeBytes);
}

function parseJson(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value };
  } catch {
    return { ok: false };
  }
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
function isSnsNotification(value: unknown): value is Readonly<Record<string, unknown>> {
  return isPlainObject(value) && value['Type'] === 'Notification' && typeof value['Message'] === 'string';
}

/** https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
function isEventBridgeEvent(value: unknown): value is Readonly<Record<string, unknown>> {
  return isPlainObject(value) && typeof value['detail-type'] === 'string' && value['detail'] !== undefined;
}

function idOf(value: unknown): string | undefined {
  return isKey(value) ? value : undefined;
}

/**
 * An idempotency key: 1 to 256 printable characters, each of which an SQS attribute can carry (no lone surrogate, U+FFFE,
 * U+FFFF), so that a redriven entry brings back the very same key.
 */
export function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]{1,256}$/u.test(value);
}

function refuse(rule: string): Unwrapped {
  return { ok: false, error: { field: 'body', rule } };
}
