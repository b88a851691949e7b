import { html } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { act } from './act.js';
import { closeDialog, openDialog } from './dialog.js';

/** @import { ConsoleState, IncidentView, RelayView } from '../model.ts' */

/**
 * @param {ConsoleState} state
 * @param {readonly IncidentView[]} incidents that can be rehearsed
 */
export function relayRoom({ relays, pause }, incidents) {
  return html`<section class="room" aria-labelledby="relays-title">
    <h2 id="relays-title">Relays</h2>
    ${pause === undefined ? '' : html`<p class="pause" role="alert">${pause}</p>`}
    <ul class="relays">
      ${repeat(
        relays,
        ({ name }) => name,
        (relay) => relayCard(relay, incidents),
      )}
    </ul>
  </section>`;
}

const levels = { good: 'OK', watch: 'WATCH', bad: 'ALARM' };

/**
 * @param {RelayView} relay
 * @param {readonly IncidentView[]} incidents
 */
function relayCard(relay, incidents) {
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
    ${simulated === undefined ? '' : rehearsal(name, simulated.incident, incidents)}
  </li>`;
}

/**
 * @param {string} name
 * @param {string} current
 * @param {readonly IncidentView[]} incidents
 */
function rehearsal(name, current, incidents) {
  /** @param {Event} event */
  const begin = ({ target }) => {
    if (target instanceof HTMLSelectElement) void act(`/api/simulation/${name}`, { incident: target.value });
  };
  const watch = incidents.find((incident) => incident.name === current)?.watch ?? '';
  return html`<div class="rehearse">
    <label for="incident-${name}">Rehearse</label>
    <select id="incident-${name}" @change=${begin}>
      ${incidents.map((one) => html`<option value=${one.name} ?selected=${one.name === current}>${one.label}</option>`)}
    </select>
    ${watch === '' ? '' : html`<p>${watch}</p>`}
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
