import { describe, expect, it } from 'vitest';
import { readPattern } from '../../../local/events-bus/pattern.ts';

const event = {
  source: 'postroom',
  'detail-type': 'Email Failed',
  detail: { stage: 'prod', attempts: 3, tags: ['a'] },
};

describe('an event pattern', () => {
  it.each([
    [{ source: ['postroom'] }],
    [{ 'detail-type': ['Email Delivered', 'Email Failed'] }],
    [{ source: ['postroom'], detail: { stage: ['prod'], attempts: [3] } }],
    [{ source: [{ prefix: 'post' }] }],
    [{ detail: { tags: ['a'] } }],
    [{ detail: { stage: [{ 'anything-but': ['dev', 'test'] }] } }],
    [{ detail: { reason: [{ exists: false }] } }],
    [{}],
  ])('matches %j', (pattern) => {
    expect(readPattern(pattern)(event)).toBe(true);
  });

  it.each([
    [{ source: ['other'] }],
    [{ source: ['postroom'], detail: { stage: ['dev'] } }],
    [{ source: [{ prefix: 'room' }] }],
    [{ detail: { attempts: ['3'] } }],
    [{ detail: { stage: [{ 'anything-but': 'prod' }] } }],
    [{ detail: { stage: [{ exists: false }] } }],
    [{ detail: { inner: { deeper: ['x'] } } }],
    [{ source: { inner: ['x'] } }],
  ])('does not match %j', (pattern) => {
    expect(readPattern(pattern)(event)).toBe(false);
  });

  it.each([
    [{ detail: { attempts: [{ numeric: ['>', 2] }] } }, /detail\.attempts/],
    [{ source: 'postroom' }, /source/],
  ])('refuses what it cannot do: %j', (pattern, named) => {
    expect(() => readPattern(pattern)).toThrow(named);
  });
});
