import { describe, expect, it } from 'vitest';
import { classify } from '../../../lib/outcome/classify.ts';
import { lineOf } from '../../../lib/outcome/line.ts';
import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import { matches, type Sample } from '../../../lib/outcome/rule.ts';
import { rules } from '../../../lib/outcome/rules.ts';
import { failureOf } from '../../corpus/corpus.ts';

function failureFrom(sample: Sample): SmtpFailure {
  if ('reply' in sample) return failureOf(sample);
  const { phase, reused, error, message } = sample;
  return { phase, reused: reused === true, error: { kind: error, message } };
}

describe('the ordered rules', () => {
  it.each(rules)('$name decides its own sample, and no earlier rule does', (rule) => {
    const failure = failureFrom(rule.sample);
    expect(matches(rule, failure, lineOf(failure, []))).toBe(true);
    expect(classify(failure).rule).toBe(rule.name);
  });

  it('have names of their own', () => {
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  });

  it('call nothing but a recipient, a message or a sender permanent', () => {
    const others = rules.filter(({ scope }) => !['recipient', 'message', 'sender'].includes(scope));
    expect(others.filter(({ permanent }) => permanent !== false).map(({ name }) => name)).toEqual([]);
  });
});
