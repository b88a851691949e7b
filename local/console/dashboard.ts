import type { Widget } from '../metrics/dashboard.ts';
import { graphData } from '../metrics/graph.ts';
import type { Monitor } from '../metrics/monitor.ts';
import type { Graphs, LayoutView, WidgetView } from './model.ts';
import { renderMarkdown } from './runbook.ts';
import { incidentViews } from './simulation.ts';

/** What the page is made of. */
export function layoutView({ widgets }: Monitor): LayoutView {
  return { incidents: incidentViews, widgets: widgets.map(widgetView) };
}

function widgetView(widget: Widget): WidgetView {
  const { x, y, width, height } = widget;
  const placed = { x, y, width, height };
  switch (widget.kind) {
    case 'text':
      return { kind: 'text', ...placed, html: renderMarkdown(widget.markdown) };
    case 'alarms':
      return { kind: 'alarms', ...placed, title: widget.title };
    case 'graph': {
      const { kind, title, stacked, thresholds, unit } = widget;
      const lines = widget.lines.map(({ label, axis, formula }) => ({
        label,
        axis,
        periodSeconds: formula.periodSeconds,
      }));
      return { kind, ...placed, title, stacked, thresholds, lines, ...(unit === undefined ? {} : { unit }) };
    }
  }
}

/** @param before what they showed last */
export function graphsOf({ widgets, store, time }: Monitor, now: number, before: Graphs = []): Graphs {
  return widgets.map((widget, index) =>
    widget.kind === 'graph' ? graphData(widget, store, now, time, before[index] ?? undefined) : null,
  );
}
