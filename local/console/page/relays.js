import { html } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { act } from './act.js';
import { closeDialog, openDialog } from './dialog.js';

/** @import { ConsoleState, RelayView } from '../model.ts' */

/** @param {ConsoleState} state */
export function relayRoom({ relays, pause }) {
  return html`<section class="room" aria-labelledby="relays-title">
    <h2 id="relays-title">Relays</h2>
    ${pause === undefined ? '' : html`<p class="pause" role="alert">${pause}</p>`}
    <ul class="relays">
      ${repeat(relays, ({ name }) => name, relayCard)}
    </ul>
  </section>`;
}

const levels = { good: 'OK', watch: 'WATCH', bad: 'ALARM' };

/** @param {RelayView} relay */
function relayCard(relay) {
  const { name, level, standing, breaker, probe, override, simulated } = relay;
  const withheld = !override.startsWith('none');
  return html`<li class="relay" data-relay=${name} data-level=${level}>
    <h3><span class="dot ${levels[level]}"></span>${name}</h3>
    <p class="standing">${standing}</p>
    <dl>
      <dt>Breaker</dt>
      <dd>${breaker}</dd>
      <dt>Probe</dt>
      <dd>${probe}</dd>
      <dt>Override</dt>
      <dd>${override}</dd>
    </dl>
    <div class="actions" role="group" aria-label="What an operator can do with ${name}">
      ${
        withheld
          ? html`<button @click=${() => void act(`/api/relays/${name}`, { command: 'enable' })}>Enable</button>`
          : html`<button @click=${() => void act(`/api/relays/${name}`, { command: 'drain' })}>Drain</button>
              <button @click=${() => askReason(name)}>Disable…</button>`
      }
      <button @click=${() => void act(`/api/relays/${name}`, { command: 'reset' })}>Reset breaker</button>
    </div>
    ${simulated === undefined ? '' : simulation(name, simulated)}
  </li>`;
}

/**
 * @param {string} name
 * @param {NonNullable<RelayView['simulated']>} simulated
 */
function simulation(name, { up, passwordChanged }) {
  /** @param {string} fault */
  const tell = (fault) => () => void act(`/api/simulation/${name}`, { fault });
  return html`<div class="actions rehearse" role="group" aria-label="Rehearse an incident with ${name}">
    <span>Rehearse:</span>
    ${
      up
        ? html`<button class="quiet" @click=${tell('take-down')}>Take it down</button>`
        : html`<button class="quiet" @click=${tell('bring-back')}>Bring it back</button>`
    }
    ${
      passwordChanged
        ? html`<button class="quiet" @click=${tell('store-password')}>Put the new password into its secret</button>`
        : html`<button class="quiet" @click=${tell('change-password')}>Change its password</button>`
    }
  </div>`;
}

/** @param {string} name */
function askReason(name) {
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const { currentTarget } = event;
    if (!(currentTarget instanceof HTMLFormElement)) return;
    const reason = String(new FormData(currentTarget).get('reason') ?? '').trim();
    closeDialog();
    void act(`/api/relays/${name}`, { command: 'disable', reason });
  };
  openDialog(
    `Disable ${name}`,
    html`<form @submit=${submit}>
      <label for="reason">Why? Whoever finds the relay without mail reads this.</label>
      <input id="reason" name="reason" required maxlength="300" autocomplete="off" />
      <button>Disable ${name}</button>
    </form>`,
  );
}
