import { type ParsedMail, simpleParser } from 'mailparser';
import { buildMessage } from '../../../lib/mime/build.ts';
import type { BuildDependencies, BuiltMessage, FetchedObject } from '../../../lib/mime/contracts.ts';
import { type Fields, readMail } from '../intake/intake-factory.ts';

export const firstSeen = Date.UTC(2026, 10, 23, 10);

/** Builds the message of an intake message that must be readable; S3 has the objects given, by key. */
export function build(
  message: Fields,
  options: Partial<BuildDependencies> & { readonly objects?: Readonly<Record<string, FetchedObject>> } = {},
): Promise<BuiltMessage> {
  const { objects = {}, ...overrides } = options;
  const mail = readMail({ idempotencyKey: 'order-1', ...message }, { rules: { attachmentBuckets: ['b'] } });
  return buildMessage(mail, {
    fetchObject: async ({ key }) => objects[key] ?? { ok: false, reason: 'unavailable', rule: 'is not there' },
    date: firstSeen,
    maxMessageBytes: 26_214_400,
    allowedFromDomains: [],
    ...overrides,
  });
}

/** The bytes of a message that must be built, as text of one character per byte. */
export async function bytesOf(message: Fields, options: Parameters<typeof build>[1] = {}): Promise<string> {
  const built = await build(message, options);
  if (!built.ok) throw new Error(`not built: ${JSON.stringify(built)}`);
  return built.message.toString('latin1');
}

/** What an independent parser makes of the built message. */
export async function parsed(message: Fields, options: Parameters<typeof build>[1] = {}): Promise<ParsedMail> {
  return simpleParser(Buffer.from(await bytesOf(message, options), 'latin1'), { skipTextToHtml: true });
}

export function linesOf(bytes: string): string[] {
  return bytes.split('\r\n');
}
