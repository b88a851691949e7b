import { setTimeout as delay } from 'node:timers/promises';
import {
  CloudWatchLogsClient,
  GetQueryResultsCommand,
  type ResultField,
  StartQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import type { Clock } from '../../lib/platform/clock.ts';
import { CommandError, errorText } from '../shared/command.ts';
import { loggedKey, readLogLine } from './log-line.ts';
import type { StorySources } from './sources.ts';

const requestHandler = { connectionTimeout: 5000, requestTimeout: 30_000 };
const day = 86_400_000;
const defaultSinceMs = 14 * day;
/** Clocks differ, and the ledger's first date is that of the enqueue. */
const marginMs = 3_600_000;
const pollMs = 500;
const patienceMs = 60_000;
/** The most that Logs Insights returns (StartQuery, API reference). */
const mostLines = 10_000;

/** The log of a deployed sender, by a query of CloudWatch Logs Insights. */
export function stageLog(
  functionName: string,
  stage: string,
  clock: Clock,
  sinceMs: number | undefined,
): StorySources['lines'] {
  return async (wanted, item) => {
    const now = clock.now();
    const logs = new CloudWatchLogsClient({ requestHandler });
    try {
      const { queryId } = await logs.send(
        new StartQueryCommand({
          logGroupName: await logGroupOf(functionName),
          startTime: Math.floor(searchedFrom(item, sinceMs, now) / 1000),
          endTime: Math.ceil(now / 1000),
          queryString: query(wanted, stage),
          limit: mostLines,
        }),
      );
      const results = await resultsOf(logs, queryId, clock, now + patienceMs);
      return results.flatMap((fields) => {
        const line = readLogLine(fields.find(({ field }) => field === '@message')?.value ?? '', wanted);
        return line === undefined ? [] : [line];
      });
    } catch (error) {
      if (error instanceof CommandError) throw error;
      throw new CommandError(`The log of ${functionName} cannot be read: ${errorText(error)}`, 1, { cause: error });
    } finally {
      logs.destroy();
    }
  };
}

function searchedFrom(item: LedgerItem | undefined, sinceMs: number | undefined, now: number): number {
  if (sinceMs !== undefined || item === undefined) return now - (sinceMs ?? defaultSinceMs);
  // A redrive starts `firstSeenAt` anew; what came before it belongs to the story as well.
  return Math.min(item.firstSeenAt - marginMs, now - day);
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html */
function query(wanted: string, stage: string): string {
  const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const matches = `key = ${quoted(loggedKey(wanted, stage))} or sqsId = ${quoted(wanted)}`;
  return `fields @timestamp, @message | filter ${matches} | sort @timestamp asc`;
}

async function logGroupOf(functionName: string): Promise<string> {
  const lambda = new LambdaClient({ requestHandler });
  try {
    const { LoggingConfig } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName }));
    return LoggingConfig?.LogGroup ?? `/aws/lambda/${functionName}`;
  } finally {
    lambda.destroy();
  }
}

async function resultsOf(
  logs: CloudWatchLogsClient,
  queryId: string | undefined,
  clock: Clock,
  deadline: number,
): Promise<readonly ResultField[][]> {
  for (;;) {
    const { status, results = [] } = await logs.send(new GetQueryResultsCommand({ queryId }));
    if (status === 'Complete') return results;
    if (status !== 'Running' && status !== 'Scheduled') throw new CommandError(`The query of the log is ${status}.`);
    if (clock.now() > deadline) throw new CommandError('The query of the log takes too long; narrow it with --since.');
    await delay(pollMs);
  }
}
