import { html, render } from 'lit-html';
import { element } from './act.js';
import { readStory } from './api.js';

/** @import { ToldStory } from '../../../ops/trace/story.ts' */

/** @param {string} key asked for; empty: none yet */
export async function showStory(key) {
  const place = element('room-story');
  /** @param {unknown} told */
  const show = (told) => render(html`${form(key)}${told}`, place);
  if (key === '') {
    show('');
    return;
  }
  show(html`<p class="calm">Reading ledger and log …</p>`);
  try {
    const story = await readStory(key);
    show(
      story === undefined ? html`<p class="calm">Nothing is known of it: no copy was ever received.</p>` : told(story),
    );
  } catch (error) {
    show(html`<p class="calm">${String(error)}</p>`);
  }
}

/** @param {string} key */
function form(key) {
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const { currentTarget } = event;
    if (!(currentTarget instanceof HTMLFormElement)) return;
    const wanted = String(new FormData(currentTarget).get('key') ?? '').trim();
    const hash = `#story/${encodeURIComponent(wanted)}`;
    if (location.hash === hash) void showStory(wanted);
    else location.hash = hash;
  };
  return html`<h2>Story of a message</h2>
    <form class="ask" @submit=${submit}>
      <label for="key">Idempotency key, or SQS message id</label>
      <input id="key" name="key" required autocomplete="off" spellcheck="false" .value=${key} />
      <button>Tell</button>
    </form>`;
}

/** @param {ToldStory} story */
function told({ summary, steps, recipients, next }) {
  return html`<p class="summary">${summary}</p>
    <h3>What happened</h3>
    <ol class="steps">
      ${steps.map(
        ({ at, text, details }) =>
          html`<li>
            <time>${at.slice(0, 10)} ${at.slice(11, 23)}</time>
            <div>
              ${text}${
                details.length === 0
                  ? ''
                  : html`<ul>
                      ${details.map((detail) => html`<li>${detail}</li>`)}
                    </ul>`
              }
            </div>
          </li>`,
      )}
    </ol>
    ${section('Recipients', recipients)} ${section('What happens next', next)}`;
}

/**
 * @param {string} title
 * @param {readonly string[]} sentences
 */
function section(title, sentences) {
  if (sentences.length === 0) return '';
  return html`<h3>${title}</h3>
    <ul class="sentences">
      ${sentences.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>`;
}
