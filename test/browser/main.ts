import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { readStageConfig } from '../../lib/contracts/stage-config.ts';
import { startSystem } from '../../local/commands/system.ts';
import { createChecks } from './checks.ts';
import { checkConsole } from './console.ts';

const help = `Opens the console of a local system in Chromium, rehearses an incident in it, and takes screenshots.

  node test/browser/main.ts [--chromium PATH] [--screenshots DIR]

Chromium is the system's own (Debian: apt-get install chromium). Prints "N passed, N failed"; exits 0 when none failed.
`;

const { values } = parseArgs({
  options: {
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    screenshots: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const stateDir = await mkdtemp(join(tmpdir(), 'postroom-browser-'));
  const screenshots = values.screenshots ?? (await mkdtemp(join(tmpdir(), 'postroom-screenshots-')));
  const checks = createChecks((line) => console.log(line));
  const system = await startSystem({
    stage: 'dev',
    config: readStageConfig({
      relays: { primary: { weight: 3 }, fallback: { tier: 1 } },
      sender: { maxConcurrency: 2 },
    }),
    stateDir,
    console: { timeScale: 10 },
    onLog: (line) => appendFileSync(join(stateDir, 'functions.log'), `${line}\n`),
    onProblem: (problem) => console.log(`problem ${problem}`),
  });
  // Chromium's own sandbox wants more of the kernel than containers give; what it opens is the console alone.
  const browser = await chromium.launch({ executablePath: values.chromium, args: ['--no-sandbox'] });
  try {
    await checkConsole({ browser, system, checks, screenshots });
  } finally {
    await browser.close();
    await system.close();
    await rm(stateDir, { recursive: true, force: true });
  }
  console.log(`Screenshots: ${screenshots}`);
  return checks.conclude();
}

if (values.help) console.log(help);
else process.exitCode = await main();
