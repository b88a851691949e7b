import { html } from 'lit-html';
import { plural } from './format.js';

/** @import { ConsoleState } from '../model.ts' */

/** @typedef {'now' | 'dead-letters' | 'queue' | 'mailbox' | 'story'} Room */

/**
 * @param {ConsoleState} state
 * @param {Room} room the one that is shown
 * @param {boolean} connected
 */
export function headOf(state, room, connected) {
  const { stage, timeScale, deadLetters, intake, mailbox } = state;
  const { text, level } = connected ? verdict(state) : { text: 'The local system does not answer', level: 'WATCH' };
  /** @param {Room} name @param {string} label @param {number} [count] */
  const link = (name, label, count) =>
    html`<a href="#${name}" aria-current=${room === name ? 'page' : 'false'}
      >${label}${count === undefined ? '' : html` <span class="count">${count}</span>`}</a
    >`;
  return html`<div class="brand">
      <img src="/page/icon.svg" alt="" width="22" height="22" />
      <h1>Postroom</h1>
      <span class="stage">${stage}</span>
      ${timeScale === 1 ? '' : html`<span class="stage" title=${hurry(timeScale)}>time × ${timeScale}</span>`}
    </div>
    <nav aria-label="Rooms">
      ${link('now', 'Now')} ${link('dead-letters', 'Dead letters', deadLetters.total)}
      ${link('queue', 'Queue', intake.total)} ${link('mailbox', 'Mailbox', mailbox.total)} ${link('story', 'Story')}
    </nav>
    <p class="verdict" data-level=${level}><span class="dot ${level}"></span>${text}</p>`;
}

/** @param {ConsoleState} state */
function verdict({ alarms }) {
  const ringing = alarms.filter(({ state }) => state === 'ALARM');
  if (ringing.some(({ severity }) => severity === 'page')) return { text: 'Mail is not going out', level: 'ALARM' };
  if (ringing.length > 0) return { text: `${plural(ringing.length, 'alarm')}; mail is going out`, level: 'WATCH' };
  if (alarms.every(({ state }) => state === 'INSUFFICIENT_DATA'))
    return { text: 'Just started', level: 'INSUFFICIENT_DATA' };
  return { text: 'All is well', level: 'OK' };
}

/** @param {ConsoleState} state */
export function footOf({ timeScale }) {
  return html`<p>A local run. ${timeScale === 1 ? 'Alarms and graphs follow the clock as CloudWatch does.' : hurry(timeScale)}</p>`;
}

/** @param {number} scale */
const hurry = (scale) =>
  `Time runs ${scale} times as fast for alarms, graphs, schedules and probes: what takes ${scale} minutes in CloudWatch ` +
  'takes one here. Ages, waits and durations of mails are real.';
