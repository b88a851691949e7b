import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { firstSends, firstSendsInTurn } from '../../lib/audit/first-sends.ts';
import { intakePause, messagesIn } from '../../lib/audit/intake.ts';
import { unfinishedMail } from '../../lib/audit/ledger-index.ts';
import { type AuditReport, audit } from '../../lib/audit/run.ts';
import { type AuditSettings, auditSettings } from '../../lib/contracts/audit-environment.ts';
import { dynamoDbLedger } from '../../lib/ledger/dynamodb-store.ts';
import { systemClock } from '../../lib/platform/clock.ts';
import { CommandError, errorText } from '../shared/command.ts';
import { runOnTarget } from '../shared/run-on-target.ts';
import type { Target } from '../shared/target.ts';
import { closeMail } from './close.ts';
import { help } from './help.ts';
import { describeReport } from './list.ts';
import { type Options, parseOptions } from './options.ts';

await runOnTarget(parseOptions, help, async (target, options) => {
  const settings = settingsOf(target, options);
  if (options.close.length > 0) return closeMails(target, settings, options);
  const report = await search(target, settings, options);
  const { columns = 120 } = process.stdout;
  console.log(options.json ? JSON.stringify(report) : describeReport(report, systemClock.now(), columns));
  return report.findings.length + report.missingFromQueue > 0 ? 1 : 0;
});

function settingsOf(target: Target, { marginMs }: Options): AuditSettings {
  const settings = v.parse(v.pipe(v.string(), v.parseJson(), auditSettings), target.output('AuditSettings'));
  return marginMs === undefined ? settings : { ...settings, marginSeconds: marginMs / 1000 };
}

async function search(target: Target, settings: AuditSettings, { deep }: Options): Promise<AuditReport> {
  const { dynamoDb, sqs, name } = target;
  const table = target.output('LedgerTableName');
  try {
    return await audit({
      unfinished: unfinishedMail(dynamoDb, table),
      firstSends: (now) => (deep ? firstSends(dynamoDb, table) : firstSendsInTurn(dynamoDb, table, now)),
      ledger: dynamoDbLedger(dynamoDb, table),
      intakeMessages: messagesIn(sqs, target.output('IntakeQueueUrl')),
      pause: intakePause(dynamoDb, target.output('RelayHealthTableName')),
      clock: systemClock,
      settings,
    });
  } catch (error) {
    throw new CommandError(`The audit of ${name} failed: ${errorText(error)}`, 1, { cause: error });
  }
}

async function closeMails(target: Target, settings: AuditSettings, { close, yes }: Options): Promise<number> {
  const ledger = dynamoDbLedger(target.dynamoDb, target.output('LedgerTableName'));
  const ports = { ledger, settings, clock: systemClock, newId: randomUUID };
  let failures = 0;
  for (const key of close) {
    const { closed, text } = await closeMail(key, yes, ports);
    console.log(text);
    if (!closed) failures += 1;
  }
  if (!yes) console.log('Nothing was changed. With --yes it is.');
  return failures === 0 ? 0 : 1;
}
