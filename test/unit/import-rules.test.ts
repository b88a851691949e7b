import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Import {
  readonly from: string;
  /** A path below the root, or a package's name. */
  readonly to: string;
  /** Types leave no trace at run time. */
  readonly typeOnly: boolean;
}

/** Folders of `lib` that neither talk to AWS nor to a relay. */
const pureRooms = ['contracts', 'intake', 'outcome', 'retry'];
/** The adapters of otherwise pure rooms. */
const adapters = [/^lib\/ledger\/dynamodb-/, /^lib\/delivery\/queue-response/, /^lib\/dead-letter\/sqs-/];
const mixedRooms = ['ledger', 'delivery', 'dead-letter'];

function importsOf(file: string): Import[] {
  const source = readFileSync(join(root, file), 'utf8');
  const statements = source.matchAll(/^(?:import|export)\s(type\s)?[^;'"]*?from\s+'([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...statements].map(([, typeOnly, named, dynamic]) => {
    const specifier = named ?? dynamic ?? '';
    const to = specifier.startsWith('.') ? relative(root, join(root, dirname(file), specifier)) : specifier;
    return { from: file, to, typeOnly: typeOnly !== undefined };
  });
}

function importsIn(...rooms: string[]): Import[] {
  return rooms.flatMap((room) => globSync(`${room}/**/*.ts`, { cwd: root })).flatMap(importsOf);
}

const offending = (imports: Import[]): string[] => imports.map(({ from, to }) => `${from} → ${to}`);

describe('import rules', () => {
  it('reads imports at all', () => {
    expect(importsIn('lib').length).toBeGreaterThan(50);
  });

  it('what is deployed imports nothing of the laptop, the workbench or the stack', () => {
    const forbidden = /^(local|ops|bench|cdk|test)\//;
    expect(offending(importsIn('lib', 'functions').filter(({ to }) => forbidden.test(to)))).toEqual([]);
  });

  it('the domain does not know the entry points', () => {
    expect(offending(importsIn('lib').filter(({ to }) => to.startsWith('functions/')))).toEqual([]);
  });

  it('the stack knows only the contracts', () => {
    const foreign = importsIn('cdk').filter(({ to }) => /^(lib|functions|local|ops|bench|test)\//.test(to));
    expect(offending(foreign.filter(({ to }) => !to.startsWith('lib/contracts/')))).toEqual([]);
  });

  it('pure modules import neither the SDK nor nodemailer', () => {
    const rooms = [...pureRooms, ...mixedRooms].map((room) => `lib/${room}`);
    const outside = /^(@aws-sdk\/|@smithy\/|nodemailer(?!\/lib\/addressparser$))/;
    const imports = importsIn(...rooms).filter(
      ({ from, to, typeOnly }) => !typeOnly && outside.test(to) && !adapters.some((adapter) => adapter.test(from)),
    );
    expect(offending(imports)).toEqual([]);
  });
});
