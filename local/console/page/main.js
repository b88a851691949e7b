import { html, render } from 'lit-html';
import { element } from './act.js';
import { alarmRoom } from './alarms.js';
import { listen, readLayout } from './api.js';
import { layOut } from './dashboard.js';
import { footOf, headOf } from './head.js';
import { mailboxRoom } from './mailbox.js';
import { deadLetterRoom, queueRoom } from './queues.js';
import { relayRoom } from './relays.js';
import { showStory } from './story.js';

/** @import { ConsoleState, Graphs, IncidentView } from '../model.ts' */
/** @import { Room } from './head.js' */

/** @type {readonly Room[]} */
const rooms = ['now', 'dead-letters', 'queue', 'mailbox', 'story'];

/** @type {ConsoleState | undefined} */
let state;
/** @type {Graphs} */
let graphs = [];
/** @type {((graphs: Graphs) => void) | undefined} */
let draw;
/** @type {readonly IncidentView[]} */
let incidents = [];
let connected = true;

/** Of the address: `#story/KEY`. */
function place() {
  const [name = '', ...rest] = location.hash.slice(1).split('/');
  return { room: rooms.find((known) => known === name) ?? 'now', detail: decodeURIComponent(rest.join('/')) };
}

function show() {
  if (state === undefined) return;
  const { room, detail } = place();
  const ringing = state.alarms.filter(({ state: one }) => one === 'ALARM').length;
  document.title = `${ringing === 0 ? '' : `(${ringing}) `}Postroom ${state.stage}`;
  render(headOf(state, room, connected), element('head'));
  render(footOf(state), element('foot'));
  switch (room) {
    case 'now':
      render(html`${alarmRoom(state)} ${relayRoom(state, incidents)}`, element('overview'));
      break;
    case 'dead-letters':
      render(deadLetterRoom(state.deadLetters), element(`room-${room}`));
      break;
    case 'queue':
      render(queueRoom(state.intake), element(`room-${room}`));
      break;
    case 'mailbox':
      render(mailboxRoom(state.mailbox, detail), element(`room-${room}`));
  }
}

function enter() {
  const { room, detail } = place();
  for (const name of rooms) element(`room-${name}`).hidden = name !== room;
  if (room === 'story') void showStory(detail);
  // A graph that was laid out while hidden has no width.
  if (room === 'now') draw?.(graphs);
  show();
}

addEventListener('hashchange', enter);
enter();
listen({
  state: (next) => {
    state = next;
    show();
  },
  graphs: (next) => {
    graphs = next;
    if (place().room === 'now') draw?.(next);
  },
  connected: (is) => {
    connected = is;
    show();
  },
});

/** The system may still be starting. */
async function build() {
  try {
    const layout = await readLayout();
    ({ incidents } = layout);
    draw = layOut(layout);
    draw(graphs);
    show();
  } catch {
    setTimeout(build, 1000);
  }
}
void build();
