/** @import { ConsoleState, LayoutView, Graphs } from '../model.ts' */
/** @import { ToldStory } from '../../../ops/trace/story.ts' */

/** @returns {Promise<LayoutView>} */
export const readLayout = () => get('/api/layout');

/**
 * @param {string} anchor
 * @returns {Promise<{ html: string } | undefined>} undefined: the runbook has no such entry
 */
export const readRunbook = (anchor) => find(`/api/runbook/${encodeURIComponent(anchor)}`);

/**
 * @param {string} key
 * @returns {Promise<ToldStory | undefined>} undefined: nothing is known of it
 */
export const readStory = (key) => find(`/api/story?key=${encodeURIComponent(key)}`);

/**
 * Asks the server to do something.
 *
 * @param {string} path
 * @param {object} body
 * @returns {Promise<string>} what there is to say about it
 */
export async function change(path, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error((await response.text()).trim());
  /** @type {{ said: string }} */
  const { said } = await response.json();
  return said;
}

/**
 * @param {{ state(state: ConsoleState): void, graphs(graphs: Graphs): void, connected(is: boolean): void }} listener
 */
export function listen({ state, graphs, connected }) {
  const events = new EventSource('/events');
  events.addEventListener('open', () => connected(true));
  events.addEventListener('error', () => connected(false));
  events.addEventListener('state', ({ data }) => state(JSON.parse(data)));
  events.addEventListener('graphs', ({ data }) => graphs(JSON.parse(data)));
}

/** @param {string} path */
async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error((await response.text()).trim());
  return response.json();
}

/** @param {string} path */
async function find(path) {
  const response = await fetch(path);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error((await response.text()).trim());
  return response.json();
}
