import uPlot from 'uplot';
import { number, time } from './format.js';

/** @import { WidgetView } from '../model.ts' */
/** @import { GraphData } from '../../metrics/graph.ts' */
/** @typedef {Extract<WidgetView, { kind: 'graph' }>} Graph */

/** Told apart by people who see few colours as well (Okabe and Ito), lightened or darkened by the style sheet's scheme. */
const palettes = {
  light: ['#0b62b8', '#1b8a5a', '#c2560a', '#8c4a9e', '#7a6a00', '#0c8aa3', '#b0305c', '#5b6270', '#3f7d20'],
  dark: ['#6cb3ff', '#4ecb94', '#ff9f57', '#cf9be0', '#e0cf55', '#5fd0e6', '#ff8fb3', '#aab2c0', '#a3d977'],
};
const darkScheme = matchMedia('(prefers-color-scheme: dark)');

/** @param {number} index of the line */
export function colorOf(index) {
  const palette = darkScheme.matches ? palettes.dark : palettes.light;
  return palette[index % palette.length] ?? '';
}

/**
 * Draws a graph and keeps its width to that of its place.
 *
 * @param {Graph} graph
 * @param {HTMLElement} place
 * @returns {{ show(data: GraphData): void }}
 */
export function createChart(graph, place) {
  /** @type {uPlot | undefined} */
  let plot;
  /** @type {GraphData} */
  let shown = { times: [], values: [] };
  const width = () => Math.max(120, place.clientWidth);
  const draw = () => {
    plot?.destroy();
    plot = new uPlot(options(graph, width()), aligned(graph, shown), place);
  };
  new ResizeObserver(() => {
    if (plot !== undefined && plot.width !== width()) plot.setSize({ width: width(), height });
  }).observe(place);
  darkScheme.addEventListener('change', draw);
  return {
    show: (data) => {
      shown = data;
      if (plot === undefined) draw();
      else plot.setData(aligned(graph, data));
    },
  };
}

const height = 150;

/**
 * @param {Graph} graph
 * @param {number} width
 * @returns {uPlot.Options}
 */
function options(graph, width) {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue('--ink-soft');
  const grid = { stroke: style.getPropertyValue('--line'), width: 1 };
  const font = `11px ${style.getPropertyValue('--font')}`;
  const common = { stroke: ink, grid, ticks: { ...grid, size: 4 }, font, gap: 4 };
  const right = graph.lines.some(({ axis }) => axis === 'right');
  /** @param {uPlot} _plot @param {number[]} values */
  const numbers = (_plot, values) => values.map(number);
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, sync: { key: 'postroom' } },
    padding: [8, right ? 0 : 8, 0, 0],
    scales: { x: { time: true }, left: { range: fromZero }, right: { range: fromZero } },
    axes: [
      { ...common, size: 24, space: 70, values: (_plot, times) => times.map((at) => time(at * 1000)) },
      { ...common, scale: 'left', size: 46, space: 28, values: numbers },
      ...(right
        ? [
            {
              ...common,
              scale: 'right',
              side: /** @type {const} */ (1),
              size: 42,
              space: 28,
              grid: { show: false },
              values: numbers,
            },
          ]
        : []),
    ],
    series: [{}, ...graph.lines.map((line, index) => seriesOf(graph, line, index))],
    ...(graph.stacked ? { bands: graph.lines.slice(1).map((_, index) => ({ series: [index + 2, index + 1] })) } : {}),
    hooks: { draw: [(plot) => drawThresholds(plot, graph, style.getPropertyValue('--bad'), font)] },
  };
}

/**
 * @param {Graph} graph
 * @param {Graph['lines'][number]} line
 * @param {number} index
 * @returns {uPlot.Series}
 */
function seriesOf(graph, { label, axis }, index) {
  const stroke = colorOf(index);
  const fill = graph.stacked ? { fill: `${stroke}55` } : {};
  return {
    label,
    scale: axis,
    stroke,
    width: axis === 'right' ? 1 : 1.75,
    ...(axis === 'right' ? { dash: [4, 3] } : {}),
    ...fill,
  };
}

/**
 * Counts and durations begin at zero; an empty graph has an axis all the same.
 *
 * @param {uPlot} _plot
 * @param {number | null} _low
 * @param {number | null} high
 * @returns {[number, number]}
 */
function fromZero(_plot, _low, high) {
  return [0, high === null || high <= 0 ? 1 : high * 1.15];
}

/**
 * @param {Graph} graph
 * @param {GraphData} data
 * @returns {uPlot.AlignedData}
 */
function aligned(graph, { times, values }) {
  const lines = graph.stacked ? piled(values) : values.map((line) => [...line]);
  return [times.map((at) => at / 1000), ...lines];
}

/**
 * Each line on top of those before it. Where another has a datapoint, one that has none counts as nothing.
 *
 * @param {GraphData['values']} values
 */
function piled(values) {
  /** @type {number[]} */
  const below = [];
  return values.map((line) =>
    line.map((value, at) => {
      if (values.every((other) => (other[at] ?? null) === null)) return null;
      below[at] = (below[at] ?? 0) + (value ?? 0);
      return below[at];
    }),
  );
}

/**
 * A line where alarms go off. One that lies far above everything that is drawn would flatten it: an arrow tells of it.
 *
 * @param {uPlot} plot
 * @param {Graph} graph
 * @param {string} color
 * @param {string} font
 */
function drawThresholds(plot, graph, color, font) {
  const { ctx, bbox } = plot;
  const most = plot.scales['left']?.max ?? 1;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.font = font.replace('11px', `${10 * devicePixelRatio}px`);
  ctx.textAlign = 'right';
  const right = bbox.left + bbox.width - 4;
  for (const value of new Set(graph.thresholds.map((threshold) => threshold.value))) {
    if (value > most) {
      ctx.fillText(`alarm at ${number(value)} ↑`, right, bbox.top + 10 * devicePixelRatio);
      continue;
    }
    const y = Math.round(plot.valToPos(value, 'left', true)) + 0.5;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
