import type { FunctionHost } from '../../local/platform/function-host.ts';

/** SIGKILL for every process of these functions; resolves when the platform knows that they are gone. */
export async function killProcesses(hosts: readonly FunctionHost[]): Promise<void> {
  const pids = () => hosts.flatMap((host) => host.pids());
  const killed = pids();
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  while (pids().some((pid) => killed.includes(pid))) await new Promise(setImmediate);
}
