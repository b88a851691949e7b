import type { LogFields } from './log.ts';

/**
 * What every line of one invocation carries. `tracingHeader` is Lambda's `_X_AMZN_TRACE_ID`; traces that X-Ray does not
 * sample are not kept anywhere, so that their ids are no use.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function invocationFields(
  requestId: string,
  tracingHeader: string | undefined,
): Pick<LogFields, 'requestId' | 'traceId'> {
  const fields = new Map(tracingHeader?.split(';').map((field) => splitOnce(field.trim())));
  const traceId = fields.get('Root');
  return traceId === undefined || fields.get('Sampled') !== '1' ? { requestId } : { requestId, traceId };
}

function splitOnce(field: string): readonly [string, string] {
  const [name = '', value = ''] = field.split('=', 2);
  return [name, value];
}
