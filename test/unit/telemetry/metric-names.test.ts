import { describe, expect, expectTypeOf, it } from 'vitest';
import { deadLetterReasons } from '../../../lib/contracts/dead-letter.ts';
import {
  deadLetterMetrics,
  metrics,
  type RelaySum,
  type StageSum,
  type StageValues,
} from '../../../lib/contracts/metrics.ts';

describe('metric table', () => {
  it('lets only the right names compile', () => {
    expectTypeOf<'MessagesReceived'>().toExtend<StageSum>();
    expectTypeOf<'MesagesReceived'>().not.toExtend<StageSum>();
    expectTypeOf<'RecipientsAccepted'>().toExtend<RelaySum>();
    expectTypeOf<'RecipientsAccepted'>().not.toExtend<StageSum>();
    expectTypeOf<'DataDuration'>().toExtend<StageValues>();
    expectTypeOf<'DataDuration'>().not.toExtend<StageSum>();
  });

  it('has names that CloudWatch, metric math and Logs Insights take without quotes', () => {
    for (const name of Object.keys(metrics)) expect(name).toMatch(/^[A-Z][A-Za-z]{2,40}$/);
  });

  it('says once what each metric means', () => {
    const meanings = Object.values(metrics).map((metric) => metric.meaning);

    expect(new Set(meanings).size).toBe(meanings.length);
  });

  it('counts every reason of the dead-letter queue', () => {
    for (const reason of deadLetterReasons) expect(deadLetterMetrics[reason]).toMatch(/^DeadLetters/);
  });
});
