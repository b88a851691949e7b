import { spawn } from 'node:child_process';

/**
 * Kills function processes that outlive this process. They would not do it themselves: a frozen process does not notice
 * anything, and one that is sending does not ask for its next invocation.
 */
export interface OrphanGuard {
  watch(pid: number): void;
  /** The process has ended: its id may soon be another's. */
  forget(pid: number): void;
  close(): Promise<void>;
}

// Reads `+pid` and `-pid` until this process is gone, however it went, then kills what is left.
const script = `
trap '' INT TERM HUP
pids=' '
while read -r line; do
  pid=\${line#?}
  case $line in
    +*) pids="$pids$pid " ;;
    -*) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
`;

export function startOrphanGuard(): OrphanGuard {
  // Detached: whatever kills this process's group must not take the guard along.
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: {} });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  // Without a shell there is no guard, and nothing else is worse for it.
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  child.unref();
  return {
    watch: (pid) => void child.stdin.write(`+${pid}\n`),
    forget: (pid) => void child.stdin.write(`-${pid}\n`),
    close: () => {
      child.stdin.end();
      return child.pid === undefined ? Promise.resolve() : ended;
    },
  };
}
