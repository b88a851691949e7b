import type { Stack } from 'aws-cdk-lib';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Watched } from './alarm-metrics.ts';

/** Logs Insights queries that answer what on-call asks most. */
const queries = {
  'replies of the last hour': `fields @timestamp, key, relay, recipients.0.code as code, recipients.0.reply as reply
| filter event in ["mail.attempt", "mail.uncertain"] and outcome != "accepted"
| stats count(*) as mails, latest(@timestamp) as last by relay, code, reply
| sort mails desc`,
  'faults of relays': `fields @timestamp, event, relay, phase, code, reply, message
| filter event like /^relay\\./
| sort @timestamp desc
| limit 200`,
  'dead letters': `fields @timestamp, key, reason, sqsId
| filter event = "mail.dead-lettered"
| sort @timestamp desc
| limit 200`,
  'slow sends': `fields @timestamp, key, relay, durationMs, timings.envelope, timings.data
| filter slow = 1
| sort durationMs desc
| limit 200`,
  'errors of our own': `fields @timestamp, event, key, error.name, error.message
| filter level = "ERROR"
| sort @timestamp desc
| limit 200`,
} as const;

/** Links into the AWS console, as one line of Markdown each. */
export function consoleLinks(stack: Stack, watched: Watched, logs: ILogGroup): string[] {
  const insights = Object.entries(queries).map(([title, query]) => `[${title}](${insightsLink(stack, logs, query)})`);
  return [
    `**Queues** ${[
      `[dead letters](${queueLink(stack, watched.deadLetters)})`,
      `[intake](${queueLink(stack, watched.intake)})`,
      ...(watched.eventsFailed === undefined ? [] : [`[events given up](${queueLink(stack, watched.eventsFailed)})`]),
    ].join(' · ')}`,
    `**Sender** [function](${consoleLink(stack, 'lambda', `functions/${watched.sender.functionName}`)})`,
    `**Log** ${insights.join(' · ')}`,
  ];
}

function consoleLink({ region }: Stack, service: string, fragment: string): string {
  return `https://${region}.console.aws.amazon.com/${service}/home?region=${region}#/${fragment}`;
}

function queueLink(stack: Stack, { queueName }: IQueue): string {
  const url = `https%3A%2F%2Fsqs.${stack.region}.amazonaws.com%2F${stack.account}%2F${queueName}`;
  return consoleLink(stack, 'sqs/v3', `queues/${url}`);
}

/**
 * The address of a Logs Insights query over the last hour. The console reads JSURL in its fragment: the values escaped with
 * `*`, and the whole escaped twice, at last with `$`. The log group's name is known at deploy time only; the names that
 * CloudFormation makes up hold no character that would need an escape.
 */
function insightsLink({ region }: Stack, { logGroupName }: ILogGroup, query: string): string {
  const twice = (text: string) => escaped(escaped(text)).replaceAll('%', '$');
  const value = escaped(query).replaceAll('%', '*');
  const before = `~(end~0~start~-3600~timeType~'RELATIVE~unit~'seconds~editorString~'${value}~source~(~'`;
  const detail = `${escaped('?queryDetail=').replaceAll('%', '$')}${twice(before)}${logGroupName}${twice('))')}`;
  return `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#logsV2:logs-insights${detail}`;
}

/** Percent-encoding of everything but letters, digits and `-_./*@+`, as the console's own `escape()` does it. */
function escaped(text: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  return text.replaceAll(/[^A-Za-z0-9\-_./*@+]/g, hex);
}
