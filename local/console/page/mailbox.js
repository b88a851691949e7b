import { html } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { size, time } from './format.js';

/** @import { MailboxView, MailEntry } from '../model.ts' */

/**
 * @param {MailboxView} mailbox
 * @param {string} chosen id of the mail that is read; the newest when empty
 */
export function mailboxRoom({ total, mails }, chosen) {
  const read = mails.find(({ id }) => id === chosen) ?? mails[0];
  return html`<h2>Mailbox <span class="count">${total}</span></h2>
    <p class="hint">What the embedded relays took. Nothing leaves this machine.</p>
    ${
      read === undefined
        ? html`<p class="calm">Nothing was delivered yet.</p>`
        : html`<div class="mailbox">
            <ul class="mails" aria-label="Mails, newest first">
              ${repeat(
                mails,
                ({ id }) => id,
                (mail) => entry(mail, mail.id === read.id),
              )}
            </ul>
            ${reader(read)}
          </div>`
    }`;
}

/**
 * @param {MailEntry} mail
 * @param {boolean} current
 */
function entry({ id, subject, to, at }, current) {
  return html`<li>
    <a href="#mailbox/${id}" aria-current=${current ? 'true' : 'false'}>
      <b>${subject || '(no subject)'}</b> <time>${time(at)}</time>
      <span>${to.join(', ')}</span>
    </a>
  </li>`;
}

/** @param {MailEntry} mail */
function reader({ id, subject, from, to, relay, at, size: bytes }) {
  return html`<article class="reader" aria-label="The mail">
    <h3>${subject || '(no subject)'}</h3>
    <dl>
      <dt>From</dt>
      <dd>${from}</dd>
      <dt>To</dt>
      <dd>${to.join(', ')}</dd>
      <dt>Relay</dt>
      <dd>${relay}, ${time(at)}, ${size(bytes)}, <a href="/mails/${id}/raw" target="_blank" rel="noopener">as received</a></dd>
    </dl>
    <iframe sandbox="" src="/mails/${id}" title="Content of the mail"></iframe>
  </article>`;
}
