import { html, render } from 'lit-html';
import { element } from './act.js';
import { colorOf, createChart } from './chart.js';
import { number } from './format.js';

/** @import { LayoutView, Graphs, WidgetView } from '../model.ts' */
/** @import { GraphData } from '../../metrics/graph.ts' */
/** @typedef {Extract<WidgetView, { kind: 'graph' }>} Graph */

/**
 * Lays out the widgets as the template has them. What it returns draws them.
 *
 * @param {LayoutView} layout
 * @returns {(graphs: Graphs) => void}
 */
export function layOut({ widgets }) {
  const place = element('dashboard');
  render(widgets.map(frame), place);
  const charts = widgets.map((widget, index) => {
    const inside = document.getElementById(`widget-${index}`);
    return widget.kind === 'graph' && inside !== null ? drawn(widget, inside) : undefined;
  });
  return (graphs) => {
    for (const [index, data] of graphs.entries()) if (data !== null) charts[index]?.(data);
  };
}

/**
 * @param {WidgetView} widget
 * @param {number} index
 */
function frame(widget, index) {
  const column = `--column: ${widget.x + 1}; --span: ${widget.width}`;
  switch (widget.kind) {
    // The page has them above.
    case 'alarms':
      return '';
    case 'text':
      // One row is a question that the graphs below it answer; more is a list of links.
      return widget.height === 1
        ? html`<div class="question" style=${column} .innerHTML=${widget.html}></div>`
        : html`<details class="links" style=${column}>
            <summary>Links of the deployed dashboard</summary>
            <div .innerHTML=${widget.html}></div>
          </details>`;
    case 'graph':
      return html`<figure class="graph" style=${column} id="widget-${index}" data-title=${widget.title}>
        <figcaption>${widget.title}${widget.unit === undefined ? '' : html` <small>${widget.unit}</small>`}</figcaption>
        <div class="plot" role="img"></div>
        <ul class="legend"></ul>
      </figure>`;
  }
}

/**
 * @param {Graph} graph
 * @param {HTMLElement} figure
 * @returns {(data: GraphData) => void}
 */
function drawn(graph, figure) {
  const place = figure.querySelector('.plot');
  const legend = figure.querySelector('.legend');
  if (!(place instanceof HTMLElement) || !(legend instanceof HTMLElement)) return () => {};
  const chart = createChart(graph, place);
  return (data) => {
    const newest = data.values.map((line) => line.at(-1) ?? null);
    const empty = data.values.every((line) => line.every((value) => value === null));
    figure.dataset['empty'] = String(empty);
    place.setAttribute('aria-label', described(graph, newest, empty));
    render(
      graph.lines.map((line, index) => legendEntry(line, index, data.values[index] ?? [])),
      legend,
    );
    chart.show(data);
  };
}

/**
 * @param {Graph['lines'][number]} line
 * @param {number} index
 * @param {readonly (number | null)[]} values
 */
function legendEntry({ label, axis }, index, values) {
  const newest = values.at(-1) ?? null;
  const silent = values.every((value) => value === null);
  return html`<li class=${silent ? 'silent' : ''}>
    <span class="swatch ${axis}" style="background: ${colorOf(index)}"></span>${label}
    <b>${newest === null ? '–' : number(newest)}</b>
  </li>`;
}

/**
 * @param {Graph} graph
 * @param {readonly (number | null)[]} newest
 * @param {boolean} empty
 */
function described({ title, lines }, newest, empty) {
  if (empty) return `${title}: no datapoints in this time`;
  const values = lines.map(({ label }, index) => `${label} ${newest[index] ?? 'none'}`);
  return `${title}, last period: ${values.join(', ')}`;
}
