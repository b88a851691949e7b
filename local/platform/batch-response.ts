import type { InvocationResult } from './invocation.ts';

/**
 * Which messages of a batch the mapping deletes.
 *
 * Without `ReportBatchItemFailures`: all when the function returned, none when it failed. With it, the batch succeeds
 * completely when the response is null, empty, or has a null or empty list, and fails completely when the response is
 * not JSON, or when an identifier is missing, null, empty, or unknown.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
export function succeededMessages(
  messageIds: readonly string[],
  result: InvocationResult,
  reportBatchItemFailures: boolean,
): readonly string[] {
  if (!result.ok) return [];
  if (!reportBatchItemFailures) return messageIds;
  const failed = failedIdentifiers(result.payload);
  if (failed === undefined || failed.some((identifier) => !messageIds.includes(identifier))) return [];
  return messageIds.filter((messageId) => !failed.includes(messageId));
}

/** Undefined: the response cannot be understood. An empty list: everything succeeded. An identifier that is no string becomes one nobody has. */
export function failedIdentifiers(payload: string): readonly string[] | undefined {
  const response = parse(payload);
  if (response === null) return [];
  if (typeof response !== 'object' || Array.isArray(response)) return undefined;
  const failures = 'batchItemFailures' in response ? response.batchItemFailures : null;
  if (failures === null) return [];
  return Array.isArray(failures) ? failures.map(identifierOf) : undefined;
}

function identifierOf(failure: unknown): string {
  const known = typeof failure === 'object' && failure !== null && 'itemIdentifier' in failure;
  return known && typeof failure.itemIdentifier === 'string' ? failure.itemIdentifier : '';
}

function parse(payload: string): object | string | number | boolean | null | undefined {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
