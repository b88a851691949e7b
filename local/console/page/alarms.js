import { html } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { readRunbook } from './api.js';
import { openDialog } from './dialog.js';
import { duration, time } from './format.js';

/** @import { AlarmView, ConsoleState } from '../model.ts' */

/**
 * What has gone off in full, then every alarm by name.
 *
 * @param {ConsoleState} state
 */
export function alarmRoom({ alarms, transitions }) {
  const ringing = alarms.filter(({ state }) => state === 'ALARM');
  return html`<section class="room" aria-labelledby="alarms-title">
    <h2 id="alarms-title">Alarms</h2>
    ${
      ringing.length === 0
        ? html`<p class="calm">None has gone off.</p>`
        : html`<ul class="ringing">
            ${repeat(ringing, ({ id }) => id, ringingAlarm)}
          </ul>`
    }
    <ul class="all-alarms" aria-label="All alarms">
      ${repeat(alarms, ({ id }) => id, anyAlarm)}
    </ul>
    ${
      transitions.length === 0
        ? ''
        : html`<details class="changes">
            <summary>What changed, newest first</summary>
            <ol>
              ${transitions.map(
                ({ at, id, to, reason }) =>
                  html`<li>
                    <time>${time(at)}</time> <span class="dot ${to}"></span> <b>${id}</b> ${to === 'ALARM' ? 'went off' : 'cleared'}:
                    ${reason}
                  </li>`,
              )}
            </ol>
          </details>`
    }
  </section>`;
}

/** @param {AlarmView} alarm */
function ringingAlarm(alarm) {
  const { id, severity, since, meaning, first, reason } = alarm;
  return html`<li class="alarm ${severity}" data-alarm=${id} title=${reason}>
    <div class="alarm-head">
      <span class="severity">${severity === 'page' ? 'Page' : 'Ticket'}</span>
      <h3>${id}</h3>
      <span class="since">for ${duration(Date.now() - since)}</span>
      <button @click=${() => void openRunbook(alarm)}>Runbook<span class="visually-hidden"> for ${id}</span></button>
    </div>
    <p>${meaning} <span class="first">${first}</span></p>
  </li>`;
}

const stateWords = { OK: 'quiet', ALARM: 'gone off', INSUFFICIENT_DATA: 'not evaluated yet' };

/** @param {AlarmView} alarm */
function anyAlarm(alarm) {
  const { id, state } = alarm;
  return html`<li>
    <button class="quiet" data-state=${state} data-name=${id} @click=${() => void openRunbook(alarm)}>
      <span class="dot ${state}"></span><span>${breakable(id)}</span
      ><span class="visually-hidden">: ${stateWords[state]}</span>
    </button>
  </li>`;
}

/**
 * Lets a long name break between its words.
 *
 * @param {string} name
 */
const breakable = (name) => name.split(/(?<=[a-z])(?=[A-Z])/).map((word) => html`${word}<wbr />`);

/** @param {AlarmView} alarm */
async function openRunbook({ id, state, since, reason, meaning, runbook }) {
  const standing = html`<p class="standing">
    <span class="dot ${state}"></span> ${stateWords[state]}, since ${time(since)}. ${reason}
  </p>`;
  openDialog(id, html`${standing} ${(await entryOf(runbook)) ?? html`<p>${meaning}</p>`}`);
}

/** @param {string} anchor */
async function entryOf(anchor) {
  const entry = await readRunbook(anchor).catch(() => undefined);
  return entry && html`<div class="prose" .innerHTML=${entry.html} @click=${follow}></div>`;
}

/**
 * Entries of the runbook refer to each other.
 *
 * @param {MouseEvent} event
 */
function follow(event) {
  const { target } = event;
  const link = target instanceof Element ? target.closest('a') : null;
  const anchor = link?.getAttribute('href') ?? '';
  if (link === null || !anchor.startsWith('#')) return;
  event.preventDefault();
  void entryOf(anchor.slice(1)).then((entry) =>
    openDialog(link.textContent, entry ?? html`<p>The runbook has no such entry.</p>`),
  );
}
