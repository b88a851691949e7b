import type { Template } from 'aws-cdk-lib/assertions';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { alarmNames } from '../../lib/contracts/alarms/names.ts';
import { type MetricDefinition, metricNamespace, metrics } from '../../lib/contracts/metrics.ts';
import { alarmsIn } from './alarm-states.ts';
import { only, synthesise } from './synth.ts';

/** Metrics that stand in no widget and no alarm, each with the reason. */
const unseen: Readonly<Record<string, string>> = {};

const widget = v.object({
  type: v.picklist(['alarm', 'text', 'metric']),
  x: v.number(),
  y: v.number(),
  width: v.number(),
  height: v.number(),
  properties: v.object({
    title: v.optional(v.string()),
    markdown: v.optional(v.string()),
    alarms: v.optional(v.array(v.string())),
    region: v.optional(v.string()),
    metrics: v.optional(v.array(v.array(v.unknown()))),
    annotations: v.optional(v.object({ horizontal: v.array(v.object({ value: v.number(), label: v.string() })) })),
  }),
});
const dashboard = v.object({ widgets: v.array(widget) });

function widgetsOf(template: Template) {
  const body: unknown = only(template, 'AWS::CloudWatch::Dashboard').properties.DashboardBody;
  const { 'Fn::Join': join } = v.parse(v.object({ 'Fn::Join': v.tuple([v.string(), v.array(v.unknown())]) }), body);
  const [separator, parts] = join;
  const text = parts.map((part) =>
    typeof part === 'string' ? part : JSON.stringify(part).replaceAll(/["{}[\]]/g, ''),
  );
  return v.parse(dashboard, JSON.parse(text.join(separator))).widgets;
}

interface Line {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly string[];
}

/** The metrics of a widget; `...` and `.` repeat what stands above, which CDK does not use. */
function linesOf(widgets: ReturnType<typeof widgetsOf>): Line[] {
  return widgets
    .flatMap(({ properties }) => properties.metrics ?? [])
    .map((entry) => entry.filter((part) => typeof part === 'string'))
    .filter((entry) => entry.length > 0)
    .map(([namespace = '', name = '', ...rest]) => ({
      namespace,
      name,
      dimensions: rest.filter((_, i) => i % 2 === 0),
    }));
}

const namesInAlarms = (from: Template): string[] =>
  [...alarmsIn(from).values()].flatMap(({ Metrics }) =>
    Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric.MetricName ?? []),
  );

const template = synthesise({ events: { busName: 'outcomes' }, bounces: { mode: 'dsn' } });
const widgets = widgetsOf(template);
const lines = linesOf(widgets);

describe('the dashboard', () => {
  it('shows the state of every alarm first, the paging one before the others', () => {
    const [first] = widgets;

    expect(first?.type).toBe('alarm');
    expect(first?.properties.alarms).toHaveLength(1 + alarmsIn(template).size);
    expect(first?.properties.alarms?.[0]).toContain('MailNotGoingOut');
  });

  it('leads to the runbook, the queues, the function and the log from its second widget', () => {
    const runbookUrl = 'https://wiki.example/mail';
    const [, second] = widgetsOf(synthesise({ alarms: { runbookUrl }, events: { busName: 'outcomes' } }));
    const markdown = second?.properties.markdown ?? '';

    for (const name of alarmNames) expect(markdown).toContain(`[${name}](${runbookUrl}#${name.toLowerCase()})`);
    expect(markdown).toMatch(/\[dead letters\]\(https:\/\/Ref:AWS::Region\.console\.aws\.amazon\.com\/sqs/);
    expect(markdown).toMatch(/\[events given up\]\(https:[^)]*EventsFailures/);
    expect(markdown).toMatch(/\[function\]\(https:.*functions\/Ref:PostroomSenderFunction/);
    expect(markdown).toMatch(/\[slow sends\]\(https:/);
  });

  it('links to log queries that the console can read', () => {
    const markdown = widgets[1]?.properties.markdown ?? '';
    const [, detail = ''] = /\[slow sends\]\([^)]*#logsV2:logs-insights([^)]*)\)/.exec(markdown) ?? [];

    const once = decodeURIComponent(detail.replaceAll('$', '%'));
    const twice = decodeURIComponent(once);
    const [, query = '', group = ''] = /editorString~'(.*)~source~\(~'(.*)\)\)$/.exec(twice) ?? [];

    expect(twice).toMatch(/^\?queryDetail=~\(end~0~start~-3600~timeType~'RELATIVE~unit~'seconds~/);
    expect(decodeURIComponent(query.replaceAll('*', '%'))).toContain('| filter slow = 1\n');
    expect(group).toMatch(/^Ref:PostroomSenderLogs/);
  });

  it('asks what on-call asks, in that order', () => {
    const questions = widgets.flatMap(({ properties }) => /^## (.*)/.exec(properties.markdown ?? '')?.[1] ?? []);

    expect(questions).toEqual([
      'Are mails going out?',
      'Are any lost or stuck?',
      'Which relay? Since when?',
      'Is it us or AWS?',
      'What does it cost?',
    ]);
  });

  it('has a row for each relay', () => {
    const titles = widgets.map(({ properties }) => properties.title ?? '');

    for (const relay of ['primary', 'fallback']) {
      expect(titles.filter((title) => title.startsWith(`${relay}: `))).toHaveLength(4);
    }
  });

  it('draws every threshold of the alarms that have a graph, as the stage has set it', () => {
    const moved = widgetsOf(synthesise({ alarms: { overrides: { QueueWaitLong: { threshold: 77 } } } }));
    const drawn = moved.flatMap(({ properties }) => properties.annotations?.horizontal ?? []);

    expect(drawn).toContainEqual(expect.objectContaining({ label: 'QueueWaitLong', value: 77 }));
    const alarms = alarmsIn(template);
    for (const { label, value } of widgets.flatMap(({ properties }) => properties.annotations?.horizontal ?? [])) {
      const [, alarm] = [...alarms].find(([name]) => name.split('-')[0] === label) ?? expect.fail(label);
      expect(value).toBe(alarm.Threshold);
    }
  });

  it('lays widgets side by side, within the 24 columns', () => {
    for (const one of widgets) {
      expect(one.x + one.width).toBeLessThanOrEqual(24);
      const overlapping = widgets.filter(
        (other) =>
          other !== one &&
          other.x < one.x + one.width &&
          one.x < other.x + other.width &&
          other.y < one.y + one.height &&
          one.y < other.y + other.height,
      );
      expect(overlapping).toEqual([]);
    }
  });
});

describe('metrics', () => {
  it('on the dashboard are ones that somebody publishes, with the dimensions they have', () => {
    expect(lines.length).toBeGreaterThan(50);
    for (const { namespace, name, dimensions } of lines) {
      if (namespace !== metricNamespace) {
        expect(['AWS/SQS', 'AWS/Lambda', 'AWS/Logs']).toContain(namespace);
        continue;
      }
      const [, definition] = Object.entries(metrics).find(([known]) => known === name) ?? expect.fail(name);
      expect(dimensions.toSorted()).toEqual(definition.dimensions === 'stage' ? ['stage'] : ['relay', 'stage']);
    }
  });

  it('stand in a widget or an alarm, or there is a reason', () => {
    const seen = new Set([...lines.map(({ name }) => name), ...namesInAlarms(template)]);
    const missing = Object.keys(metrics).filter((name) => !seen.has(name));

    expect(missing.toSorted()).toEqual(Object.keys(unseen).toSorted());
  });

  it('that nobody publishes, as the stage has switched that off, stand in no widget and no alarm', () => {
    const plain = synthesise();
    const optional: readonly string[] = Object.entries<MetricDefinition>(metrics)
      .filter(([, { onlyWith }]) => onlyWith !== undefined)
      .map(([name]) => name);

    const watched = [...linesOf(widgetsOf(plain)).map(({ name }) => name), ...namesInAlarms(plain)];

    expect(optional.length).toBeGreaterThan(2);
    expect(watched.filter((name) => optional.includes(name))).toEqual([]);
  });
});
