import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { settingsFor, start } from './rig.ts';

const run = promisify(execFile);

it.concurrent.for(['none', 'implicit', 'starttls'])(
  'nothing is left after good and bad days, tls %s',
  async (mode, { expect }) => {
    const scenario = new URL('leak-scenario.ts', import.meta.url).pathname;
    const { stdout, stderr } = await run(process.execPath, [scenario, mode], { timeout: 25_000 });
    expect(JSON.parse(stdout)).toEqual({ delivered: [true, true, true], active: [] });
    // No warning of Node's either, as about too many listeners.
    expect(stderr).toBe('');
  },
);

it('sends a thousand mails over one session without gathering listeners', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => {
    warnings.push(warning);
  };
  process.on('warning', note);
  onTestFinished(() => {
    process.off('warning', note);
  });
  const { relay, rig } = await start();
  for (let sent = 0; sent < 1000; sent += 1) await rig.deliver(settingsFor(relay));
  expect(relay.connections).toHaveLength(1);
  expect(warnings).toEqual([]);
});
