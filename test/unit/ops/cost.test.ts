import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { estimate } from '../../../ops/cost/estimate.ts';
import { parseOptions } from '../../../ops/cost/options.ts';
import { inventoryOf } from '../../../ops/cost/template.ts';
import { bytesPerMail } from '../../../ops/cost/volume.ts';
import { UsageError } from '../../../ops/shared/command.ts';
import { synthesise } from '../../cdk/synth.ts';

const noVolume = { metrics: 0, lines: 0 };
const inventory = (overrides: object = {}) => inventoryOf(synthesise(overrides).toJSON());

describe('the cost of watching a stage', () => {
  const two = inventory();

  it('stays under 30 dollars a month with two relays', () => {
    expect(two.relays).toBe(2);
    expect(two.dashboards).toBe(1);
    expect(two.compositeAlarms).toBe(1);
    expect(estimate(two, 0, noVolume).fixedDollars).toBeLessThan(30);
  });

  it('is what the runbook says', () => {
    const runbook = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');
    const dollars = estimate(two, 0, noVolume).fixedDollars.toFixed(2);

    expect(runbook).toContain(`at most $${dollars} a month for ${two.customMetrics} metrics`);
  });

  it('is what the parts cost, each by its own price', () => {
    const parts = { relays: 1, customMetrics: 10, alarmMetrics: 20, compositeAlarms: 1, dashboards: 2 };

    const { fixed, fixedDollars } = estimate(parts, 0, noVolume);

    expect(fixed.map(({ dollars }) => dollars)).toEqual([3, 2, 0.5, 6]);
    expect(fixedDollars).toBe(11.5);
  });

  it('grows with every relay by its metrics and its alarms', () => {
    const three = inventory({ relays: { primary: {}, second: {}, fallback: { tier: 1 } } });

    expect(three.customMetrics - two.customMetrics).toBeGreaterThan(10);
    expect(three.alarmMetrics - two.alarmMetrics).toBe(5);
  });

  it('counts the metrics of what a stage has switched on', () => {
    const bouncing = inventory({ bounces: { mode: 'dsn' } });

    expect(bouncing.customMetrics - two.customMetrics).toBe(2);
  });

  it('refuses a template without a sender', () => {
    expect(() => inventoryOf({ Resources: {} })).toThrow();
  });
});

describe('the log by the mail', () => {
  it('holds at most 400 bytes of metrics at batches of ten, and less than alone', () => {
    const batch = bytesPerMail(10);

    expect(batch.metrics).toBeLessThanOrEqual(400);
    expect(batch.metrics).toBeLessThan(bytesPerMail(1).metrics / 3);
    expect(batch.lines).toBeGreaterThan(100);
  });

  it('is billed by the gigabyte', () => {
    const parts = { relays: 1, customMetrics: 0, alarmMetrics: 0, compositeAlarms: 0, dashboards: 0 };

    const { perMail } = estimate(parts, 10_000_000, { metrics: 300, lines: 500 });

    expect(perMail.map(({ dollars }) => dollars)).toEqual([1.5, 2.5]);
  });
});

describe('the options', () => {
  it('are the example stage and a million mails when nothing is said', () => {
    expect(parseOptions([])).toEqual({ stage: 'dev', mails: 1_000_000, json: false });
    expect(parseOptions(['--help'])).toBeUndefined();
  });

  it.each([[['--mails', 'many']], [['--mails', '-1']], [['--nonsense']]])('refuse %j', (args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });
});
