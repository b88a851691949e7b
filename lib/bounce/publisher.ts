import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { BounceSettings } from '../contracts/sender-environment.ts';
import type { DeliveryPorts } from '../delivery/ports.ts';
import type { Mail } from '../intake/mail.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { parseRawMessage, type RawMessage } from '../mime/raw-message.ts';
import { composeBounce } from './compose.ts';
import { envelopeGuard, type Guard, headerGuard } from './guards.ts';
import type { Notice } from './recipients.ts';

export interface BounceInput {
  readonly mail: Mail;
  /** As the ledger holds it. */
  readonly item: LedgerItem;
  readonly notice: Notice;
  /** For reading the mail's headers, ms since the epoch. */
  readonly deadline: number;
}

export type BounceResult =
  | { readonly kind: 'published'; readonly key: string }
  | { readonly kind: 'suppressed'; readonly why: Guard | 'nobody-failed' };

/** Tells the sender of a mail what became of it. */
export interface BouncePublisher {
  /**
   * Puts the bounce on the intake queue, unless a guard forbids it. Publishing the same failure again gives the same
   * message. Rejects when the queue did not take it, or the mail's headers could not be read for now.
   */
  publish(input: BounceInput): Promise<BounceResult>;
}

export interface PublisherOptions extends Pick<DeliveryPorts, 'build' | 'holding' | 'maxMessageBytes'> {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly settings: BounceSettings;
}

export function createBouncePublisher(options: PublisherOptions): BouncePublisher {
  const { sqs, queueUrl, settings } = options;
  return {
    async publish({ mail, item, notice, deadline }) {
      const forbidden = envelopeGuard(mail, settings.from);
      if (forbidden !== undefined) return { kind: 'suppressed', why: forbidden };
      const original = await readOriginal(mail, item.firstSeenAt, deadline, options);
      const why = original && headerGuard(original);
      if (why !== undefined) return { kind: 'suppressed', why };
      const bounce = composeBounce({ mail, item, notice, original }, settings);
      if (bounce === undefined) return { kind: 'suppressed', why: 'nobody-failed' };
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: bounce.body }));
      return { kind: 'published', key: bounce.key };
    },
  };
}

/** The mail's header section. Undefined when the mail can never be built: then the bounce goes without it. */
async function readOriginal(
  mail: Mail,
  date: number,
  deadline: number,
  { build, holding, maxMessageBytes }: PublisherOptions,
): Promise<RawMessage | undefined> {
  const work = async (): Promise<RawMessage | undefined> => {
    const built = await build(withoutAttachments(mail), { date, deadline });
    if (!built.ok) {
      if (built.reason === 'retry') throw built.error;
      return undefined;
    }
    const parsed = parseRawMessage(built.message);
    // A copy, so that the body does not stay in memory with it.
    return parsed.ok ? { ...parsed.value, bytes: Buffer.from(headOf(parsed.value)) } : undefined;
  };
  const fromS3 = mail.content.kind === 'raw' && mail.content.source.kind === 's3';
  return fromS3 ? holding(2 * maxMessageBytes, work) : work();
}

function headOf({ bytes, fields }: RawMessage): Buffer {
  return bytes.subarray(0, fields.at(-1)?.end ?? 0);
}

/** The same mail with empty attachments: its headers are the same, and nothing is fetched. */
function withoutAttachments(mail: Mail): Mail {
  if (mail.content.kind === 'raw') return mail;
  const { fields } = mail.content;
  const attachments = fields.attachments.map((one) => ({ ...one, source: { kind: 'inline', base64: '' } as const }));
  return { ...mail, content: { kind: 'composed', fields: { ...fields, attachments } } };
}
