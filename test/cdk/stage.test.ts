import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { afterAll, describe, expect, it } from 'vitest';
import { readStage, StageError } from '../../cdk/stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'postroom-stage-'));
afterAll(() => rmSync(folder, { recursive: true }));

const readWith = (context: Record<string, unknown>) => readStage(new App({ context }).node);

function makeFile(content: string): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, content);
  return path;
}

describe('readStage', () => {
  it('reads the example stage when nothing is said', () => {
    expect(readWith({})).toMatchObject({ name: 'dev', config: { relays: { primary: {} } } });
  });

  it('reads another file under the name of the stage', () => {
    const config = makeFile('{"relays":{"only":{}}}');

    const stage = readWith({ stage: 'blue', config });

    expect(stage.name).toBe('blue');
    expect(Object.keys(stage.config.relays)).toEqual(['only']);
  });

  it.each([
    [
      'a stage name that cannot stand in resource names',
      { stage: 'My Stage' },
      /The stage is "My Stage"; allowed: a-z/,
    ],
    ['a stage without a file', { stage: 'nowhere' }, /stages.nowhere\.json: the stage config cannot be read \(ENOENT/],
  ])('refuses %s', (_case, context, message) => {
    expect(() => readWith(context)).toThrow(StageError);
    expect(() => readWith(context)).toThrow(message);
  });

  it.each([
    ['no JSON', '{"relays":', /config\.json: the stage config is not JSON/],
    ['a wrong field', '{"relays":{"a":{"tier":-1}}}', /config\.json: .*\n.*relays\.a\.tier is -1; allowed/],
  ])('names the file that holds %s', (_case, content, message) => {
    const config = makeFile(content);

    expect(() => readWith({ config })).toThrow(StageError);
    expect(() => readWith({ config })).toThrow(message);
  });
});
