import { html, render } from 'lit-html';
import { element } from './act.js';

/**
 * Shows something above the page; Escape, the button and a click beside it close it, and the focus goes back.
 *
 * @param {string} title
 * @param {unknown} content of lit-html
 */
export function openDialog(title, content) {
  const dialog = element('dialog');
  if (!(dialog instanceof HTMLDialogElement)) return;
  const inside = html`<div class="dialog-head">
      <h2 id="dialog-title">${title}</h2>
      <button class="quiet" aria-label="Close" @click=${() => dialog.close()}>✕</button>
    </div>
    <div class="dialog-body">${content}</div>`;
  render(inside, dialog);
  dialog.onclick = ({ target }) => target === dialog && dialog.close();
  if (!dialog.open) dialog.showModal();
}

export function closeDialog() {
  const dialog = element('dialog');
  if (dialog instanceof HTMLDialogElement) dialog.close();
}
