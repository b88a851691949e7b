import type { SQSEvent } from 'aws-lambda';

const paragraph = 'Thank you for your order. It is on its way and will reach you within three working days. ';
const text = paragraph.repeat(15);
const html = `<html><body><h1>Your order</h1><p>${paragraph.repeat(28)}</p></body></html>`;

/** A mail of about 4 KB, text and HTML, as a publisher would hand it in. */
export interface BenchMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export function benchMail(index: number): BenchMail {
  return {
    from: 'Example Shop <shop@example.com>',
    to: [`customer-${index}@example.org`],
    subject: `Your order ${index}`,
    text,
    html,
  };
}

/** A batch as the event source mapping hands it to the function. */
export function batchOf(mails: readonly BenchMail[], firstIndex: number): SQSEvent {
  const now = String(Date.now());
  return {
    Records: mails.map((mail, offset) => ({
      messageId: `message-${firstIndex + offset}`,
      receiptHandle: `receipt-${firstIndex + offset}`,
      body: JSON.stringify(mail),
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: now,
        SenderId: 'bench',
        ApproximateFirstReceiveTimestamp: now,
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-west-1:000000000000:bench',
      awsRegion: 'eu-west-1',
    })),
  };
}
