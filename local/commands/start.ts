import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pc from 'picocolors';
import { readStageConfig } from '../../lib/contracts/stage-config.ts';
import { runCommand } from '../../ops/shared/command.ts';
import { stopSignal } from '../../ops/shared/stop.ts';
import { logRecords } from '../scenarios/log-records.ts';
import { behavioursOf } from '../scenarios/system.ts';
import { announce, tell } from '../scenarios/tell.ts';
import { loadConfig, withRelays } from './config.ts';
import { countMetrics, type SenderCounts } from './function-log.ts';
import { progressLine, progressWriter } from './progress.ts';
import { parseStartOptions, type StartOptions, startHelp } from './start-options.ts';
import { type LocalSystem, startSystem } from './system.ts';
import { localTarget } from './target.ts';

async function start(options: StartOptions): Promise<number> {
  const { scenario } = options;
  const stage = scenario === undefined ? await loadConfig(options.configPath) : readStageConfig(scenario.config);
  const external = options.relays.length > 0 ? options.relays : undefined;
  const config = external === undefined ? stage : withRelays(stage, external);
  const stop = stopSignal();
  const { add, counts } = countMetrics();
  const logPath = join(options.stateDir, 'functions.log');
  const log = functionLog(logPath);
  const records = logRecords();

  const source = scenario === undefined ? options.configPath : 'as the scenario wants it';
  console.log(`Starting the stage ${pc.bold(options.stage)} (${source}) …`);
  const system = await startSystem({
    stage: options.stage,
    config,
    stateDir: options.stateDir,
    console: { timeScale: options.timeScale },
    ...(external !== undefined && { externalRelays: external }),
    ...(scenario !== undefined && { behaviours: behavioursOf(scenario) }),
    onLog: (line) => {
      add(line);
      if (scenario !== undefined) records.add(line);
      log.write(line);
    },
    onProblem: (message) => console.error(pc.yellow(message)),
  }).catch((error: unknown) => {
    // Ctrl-C reaches the synthesis too: what it then says is no fault.
    if (!stop.aborted) throw error;
  });
  if (system === undefined) return 0;
  try {
    if (!stop.aborted) console.log(greeting(system, options, logPath));
    if (scenario !== undefined) console.log(announce(options.scenarioName ?? '', scenario));
    const telling = scenario && tell(scenario, system, records, { signal: stop, screen: process.stdout });
    await showProgress(system, counts, stop);
    console.log('Stopping …');
    return (await telling) === false ? 1 : 0;
  } finally {
    await system.close();
    log.close();
  }
}

/** Opened by the first line, when the state directory surely is ours. */
function functionLog(path: string): { write(line: string): void; close(): void } {
  let stream: WriteStream | undefined;
  return {
    write: (line) => {
      stream ??= createWriteStream(path);
      stream.write(`${line}\n`);
    },
    close: () => stream?.end(),
  };
}

function greeting(system: LocalSystem, { relays, stateDir, timeScale }: StartOptions, logPath: string): string {
  const { endpoints, mailboxUrl, consoleUrl = '' } = system;
  const embedded = [...system.relays.values()].map(({ name, port }) => `${name} (127.0.0.1:${port})`);
  const external = relays.map(({ name, secret }) => `${name} (${secret.host}:${secret.port}, ${secret.tls})`);
  const where = stateDir === '.postroom' ? '' : ` --state-dir ${stateDir}`;
  const row = (name: string, value: string) => `  ${pc.dim(name.padEnd(15))}${value}`;
  return [
    '',
    pc.green('Postroom is running.'),
    row('Console', `${pc.bold(consoleUrl)}  dashboard, alarms, relays; time runs ${timeScale}×`),
    row('Intake queue', endpoints.outputs['IntakeQueueUrl'] ?? ''),
    row('Dead letters', endpoints.outputs['DeadLetterQueueUrl'] ?? ''),
    row('Relays', (external.length > 0 ? external : embedded).join(', ')),
    row('Mailbox', embedded.length > 0 ? mailboxUrl : 'none: external relays deliver elsewhere'),
    row('Endpoints', join(stateDir, 'endpoints.json')),
    row('Function logs', logPath),
    '',
    'Send a first mail from another terminal:',
    pc.bold(`  npm run send -- --to ada@example.org --subject Hi --text Hello${where}`),
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}

/** Looks every second, until the signal to stop. */
async function showProgress(system: LocalSystem, counts: () => SenderCounts, stop: AbortSignal): Promise<void> {
  const target = localTarget(system.endpoints);
  const writer = progressWriter(process.stdout);
  while (!stop.aborted) {
    writer.show(progressLine(await target.depth(), counts()));
    await delay(1000, undefined, { signal: stop }).catch(() => {});
  }
  writer.end();
  target.close();
}

await runCommand(async () => {
  const options = parseStartOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(startHelp);
    return 0;
  }
  return start(options);
});
