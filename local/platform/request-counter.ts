/** Counts API requests by service and action, such as `DynamoDB.PutItem`. */
export interface RequestCounter {
  count(action: string): void;
  /** A copy: it does not change any more. */
  counts(): Readonly<Record<string, number>>;
}

export function createRequestCounter(): RequestCounter {
  const counts = new Map<string, number>();
  return {
    count: (action) => void counts.set(action, (counts.get(action) ?? 0) + 1),
    counts: () => Object.fromEntries(counts),
  };
}

const services: Readonly<Record<string, string>> = {
  AmazonSQS: 'SQS',
  DynamoDB_20120810: 'DynamoDB',
  secretsmanager: 'SecretsManager',
  AWSEvents: 'EventBridge',
};

/** The action that the header `X-Amz-Target` of the AWS JSON protocols names; undefined for other protocols. */
export function targetAction(header: string | readonly string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const [target = '', action = ''] = header.split('.');
  return `${services[target] ?? target}.${action}`;
}
