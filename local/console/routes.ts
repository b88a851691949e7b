import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { storySources } from '../../ops/trace/sources.ts';
import { readStory, tellStory } from '../../ops/trace/story.ts';
import { type Answer, html, json, plain } from './answer.ts';
import { type ChangeSources, change } from './changes.ts';
import { layoutView } from './dashboard.ts';
import { mailDocument, mailPolicy } from './mails.ts';
import { runbookEntry } from './runbook.ts';
import type { StateSources } from './state.ts';

export interface ConsoleSources extends StateSources, ChangeSources {
  readonly stateDir: string;
}

/** Characters of a POST's body. */
const longestBody = 4096;

/**
 * What the page asks for: `GET /api/layout`, `/api/runbook/ANCHOR`, `/api/story?key=KEY`, `/mails/ID` (the mail's document)
 * and `/mails/ID/raw`; `POST /api/relays/NAME`, `/api/simulation/NAME`, `/api/mails`.
 */
export async function route(request: IncomingMessage, url: URL, sources: ConsoleSources): Promise<Answer> {
  const [room, ...path] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (request.method === 'POST' && room === 'api') return (await post(path, request, sources)) ?? notFound;
  if (request.method !== 'POST' && room === 'mails') return (await mail(path, sources)) ?? notFound;
  if (request.method !== 'POST' && room === 'api') return (await read(path, url.searchParams, sources)) ?? notFound;
  return notFound;
}

const notFound = plain(404, 'Not found');

async function post(
  [room = '', name = '']: readonly string[],
  request: IncomingMessage,
  sources: ConsoleSources,
): Promise<Answer | undefined> {
  const body = await text(request);
  if (body.length > longestBody) return plain(413, 'Too long');
  try {
    return await change(room, name, JSON.parse(body), sources);
  } catch (error) {
    if (error instanceof SyntaxError) return plain(400, 'Not JSON');
    throw error;
  }
}

async function mail([id = '', form]: readonly string[], { mailbox }: ConsoleSources): Promise<Answer | undefined> {
  const found = mailbox.find(id);
  if (found === undefined) return undefined;
  if (form === undefined) return html(await mailDocument(found), mailPolicy);
  return form === 'raw' ? { status: 200, type: 'text/plain; charset=utf-8', body: found.message } : undefined;
}

async function read(
  [room, name = '']: readonly string[],
  query: URLSearchParams,
  sources: ConsoleSources,
): Promise<Answer | undefined> {
  switch (room) {
    case 'layout':
      return json(layoutView(sources.monitor));
    case 'runbook': {
      const entry = await runbookEntry(name);
      return entry === undefined ? undefined : json({ html: entry });
    }
    case 'story': {
      const { target, stateDir, clock } = sources;
      const wanted = query.get('key') ?? '';
      const story = await readStory(wanted, storySources(target, { key: wanted, stateDir, json: false }, clock));
      return story && json(tellStory(story, clock.now()));
    }
    default:
      return undefined;
  }
}
