import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { demoCases } from '../../local/commands/demo-cases.ts';

describe('npm run demo', () => {
  it('shows every outcome and ends well', { timeout: 120_000 }, async () => {
    const demo = spawn(process.execPath, ['local/commands/demo.ts'], { stdio: ['ignore', 'pipe', 'pipe'] });

    const [output, errors, [exitCode]] = await Promise.all([text(demo.stdout), text(demo.stderr), once(demo, 'close')]);

    expect(errors).toBe('');
    expect(output).toContain('Every fate is the expected one.');
    for (const { title } of demoCases) expect(output).toContain(title.slice(0, 12));
    for (const reason of ['rejected', 'expired', 'malformed', 'uncertain']) expect(output).toContain(reason);
    expect(exitCode).toBe(0);
  });
});
