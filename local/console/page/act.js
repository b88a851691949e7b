import { change } from './api.js';

/**
 * Asks the server for a change and says what came of it.
 *
 * @param {string} path
 * @param {object} body
 */
export async function act(path, body) {
  try {
    say((await change(path, body)) || 'Done.');
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), true);
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let hiding;

/**
 * @param {string} text
 * @param {boolean} [failed]
 */
export function say(text, failed = false) {
  const place = element('said');
  place.textContent = text;
  place.classList.toggle('failed', failed);
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    place.textContent = '';
  }, 8000);
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no ${id}`);
  return found;
}
