import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Node } from 'constructs';
import { readStageConfig, type StageConfig, StageConfigError } from '../lib/contracts/stage-config.ts';

/** The stage cannot be deployed as asked. The message says which file and what to change. */
export class StageError extends Error {
  override readonly name = 'StageError';
}

export interface Stage {
  readonly name: string;
  readonly config: StageConfig;
}

/**
 * The stage of `-c stage=NAME` (default `dev`) with the config of `cdk/stages/NAME.json`, or of `-c config=PATH`
 * (relative to the working directory). Throws {@link StageError}.
 */
export function readStage(node: Node): Stage {
  const name = contextText(node, 'stage') ?? 'dev';
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(name)) {
    throw new StageError(
      `The stage is ${JSON.stringify(name)}; allowed: a-z, 0-9 and -, beginning with a letter, at most 20 characters`,
    );
  }
  const path = contextText(node, 'config') ?? fileURLToPath(new URL(`./stages/${name}.json`, import.meta.url));
  return { name, config: parse(read(path), path) };
}

function contextText(node: Node, key: string): string | undefined {
  const value: unknown = node.tryGetContext(key);
  return value === undefined ? undefined : String(value);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new StageError(
      `${path}: the stage config cannot be read (${reason(error)}). Choose one with -c stage=NAME or -c config=PATH`,
    );
  }
}

function parse(text: string, path: string): StageConfig {
  try {
    return readStageConfig(JSON.parse(text));
  } catch (error) {
    if (error instanceof StageConfigError) throw new StageError(`${path}: ${error.message}`);
    if (error instanceof SyntaxError) throw new StageError(`${path}: the stage config is not JSON (${error.message})`);
    throw error;
  }
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));
