import { describe, expect, it } from 'vitest';
import { classify } from '../../../lib/outcome/classify.ts';
import type { Classification } from '../../../lib/outcome/outcome.ts';
import { rules } from '../../../lib/outcome/rules.ts';
import { failureOf, readCorpus } from '../../corpus/corpus.ts';

const corpus = readCorpus();

function inWords({ scope, permanent, trait }: Classification): string {
  const bothOccur = scope === 'recipient' || scope === 'message' || scope === 'sender';
  return [scope, ...(bothOccur ? [permanent ? 'permanent' : 'transient'] : []), ...(trait ? [trait] : [])].join(' ');
}

describe.each(corpus)('replies of $provider', ({ replies, sources }) => {
  it.each(replies)('$phase: $reply', (entry) => {
    const found = classify(failureOf(entry));
    expect(inWords(found), `decided by ${found.rule}`).toBe(entry.expect);
    expect(sources).toHaveProperty([entry.source]);
  });
});

describe('the corpus', () => {
  const entries = corpus.flatMap(({ replies }) => replies);

  it('holds at least 150 different replies', () => {
    expect(new Set(entries.map(({ reply }) => reply)).size).toBeGreaterThanOrEqual(150);
  });

  it('reaches every rule about replies', () => {
    const decided = new Set(entries.map((entry) => classify(failureOf(entry)).rule));
    const aboutReplies = rules.filter(({ errorKinds }) => errorKinds === undefined).map(({ name }) => name);
    expect(aboutReplies.filter((name) => !decided.has(name))).toEqual([]);
  });
});
