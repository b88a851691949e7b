import { readBody } from '../../ops/dlq/read-body.ts';

export interface MailIdentity {
  readonly key: string;
  /** Undefined when the message cannot be read. */
  readonly payloadHash?: string;
}

/** What the ledger will know a message by. */
export function identify(body: string, messageId: string): MailIdentity {
  const { read } = readBody(body, { messageId });
  return read.ok ? { key: read.mail.key, payloadHash: read.mail.payloadHash } : { key: read.key };
}
