import type { Mail } from '../intake/mail.ts';
import { buildComposed } from './composed.ts';
import type { BuildDependencies, BuiltMessage } from './contracts.ts';
import { buildRaw } from './raw.ts';

/**
 * Builds the complete RFC 5322 message: lines end with CRLF and have at most 998 bytes, `Bcc` is left out, `Message-ID`
 * and `X-Postroom-Id` come from the key. The same mail and date give the same bytes. Never rejects.
 */
export async function buildMessage(mail: Mail, dependencies: BuildDependencies): Promise<BuiltMessage> {
  try {
    return mail.content.kind === 'raw'
      ? await buildRaw(mail, mail.content.source, dependencies)
      : await buildComposed(mail, mail.content.fields, dependencies);
  } catch (error) {
    return { ok: false, reason: 'retry', error };
  }
}
