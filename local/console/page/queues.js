import { html } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { act } from './act.js';
import { ago, duration, plural } from './format.js';

/** @import { QueueEntry, QueueView } from '../model.ts' */

/** @param {QueueView} deadLetters */
export function deadLetterRoom(deadLetters) {
  return html`<h2>Dead letters <span class="count">${deadLetters.total}</span></h2>
    <p class="hint">
      Mail that was given up, and why. To send entries again: <code>npm run dlq -- redrive</code>; what it would do:
      <code>npm run dlq -- redrive --dry-run</code>.
    </p>
    ${listOf(deadLetters, deadLetter, 'No mail was given up.')}`;
}

/** @param {QueueView} intake */
export function queueRoom(intake) {
  return html`<h2>Intake queue <span class="count">${intake.total}</span></h2>
    <div class="actions">
      ${[1, 10, 50].map((count) => html`<button @click=${() => void act('/api/mails', { count })}>Send ${plural(count, 'test mail')}</button>`)}
    </div>
    ${listOf(intake, waiting, 'Nothing waits: every mail was delivered or given up.')}`;
}

/**
 * @param {QueueView} queue
 * @param {(entry: QueueEntry) => unknown} entryOf
 * @param {string} nothing
 */
function listOf({ total, entries }, entryOf, nothing) {
  if (total === 0) return html`<p class="calm">${nothing}</p>`;
  const hidden = total - entries.length;
  return html`<ul class="entries">
      ${repeat(entries, ({ key, since }) => `${key} ${since}`, entryOf)}
    </ul>
    ${hidden === 0 ? '' : html`<p class="hint">${plural(hidden, 'older message is', 'older messages are')} not shown.</p>`}`;
}

/** @param {QueueEntry} entry */
function deadLetter(entry) {
  const { title, recipients, since, reason, why, deadLetterId, key } = entry;
  return html`<li class="entry" data-key=${key}>
    <div class="entry-head">
      <span class="chip">${reason}</span>
      <h3>${title}</h3>
      <span class="since">${ago(since)}</span>
    </div>
    <p class="to">${recipients.join(', ')}</p>
    <ul class="why">
      ${why.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
    <p class="entry-foot"><a href=${storyLink(key)}>Its story</a> <code>npm run dlq -- show ${deadLetterId}</code></p>
  </li>`;
}

/** @param {QueueEntry} entry */
function waiting({ title, recipients, since, visibleAt, receives, key }) {
  const left = (visibleAt ?? 0) - Date.now();
  const ready = left <= 0;
  return html`<li class="entry" data-key=${key}>
    <div class="entry-head">
      <span class="chip ${ready ? 'ready' : ''}">${ready ? 'ready' : `again in ${duration(left)}`}</span>
      <h3>${title}</h3>
      <span class="since">${ago(since)}</span>
    </div>
    <p class="to">${recipients.join(', ')}</p>
    <p class="entry-foot">
      <a href=${storyLink(key)}>Its story</a> <span class="since">received ${plural(receives, 'time')}</span>
    </p>
  </li>`;
}

/** @param {string} key */
export const storyLink = (key) => `#story/${encodeURIComponent(key)}`;
