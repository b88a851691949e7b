import * as v from 'valibot';
import { intakePause, messagesIn } from '../../lib/audit/intake.ts';
import { unfinishedMail } from '../../lib/audit/ledger-index.ts';
import { type AuditReport, audit } from '../../lib/audit/run.ts';
import { auditSettings } from '../../lib/contracts/audit-environment.ts';
import { dynamoDbLedger } from '../../lib/ledger/dynamodb-store.ts';
import { systemClock } from '../../lib/platform/clock.ts';
import { CommandError, errorText } from '../shared/command.ts';
import { runOnTarget } from '../shared/run-on-target.ts';
import type { Target } from '../shared/target.ts';
import { help } from './help.ts';
import { describeReport } from './list.ts';
import { type Options, parseOptions } from './options.ts';
import { deepSearch } from './scan.ts';

await runOnTarget(parseOptions, help, async (target, options) => {
  const report = await search(target, options);
  const { columns = 120 } = process.stdout;
  console.log(options.json ? JSON.stringify(report) : describeReport(report, systemClock.now(), columns));
  return report.findings.length + report.missingFromQueue > 0 ? 1 : 0;
});

async function search(target: Target, { deep, marginMs }: Options): Promise<AuditReport> {
  const { dynamoDb, sqs, name } = target;
  const table = target.output('LedgerTableName');
  const settings = v.parse(v.pipe(v.string(), v.parseJson(), auditSettings), target.output('AuditSettings'));
  const index = unfinishedMail(dynamoDb, table);
  try {
    return await audit({
      unfinished: deep ? deepSearch(dynamoDb, table, index) : index,
      ledger: dynamoDbLedger(dynamoDb, table),
      intakeMessages: messagesIn(sqs, target.output('IntakeQueueUrl')),
      pausedSince: intakePause(dynamoDb, target.output('RelayHealthTableName')),
      clock: systemClock,
      settings: marginMs === undefined ? settings : { ...settings, marginSeconds: marginMs / 1000 },
    });
  } catch (error) {
    throw new CommandError(`The audit of ${name} failed: ${errorText(error)}`, 1, { cause: error });
  }
}
