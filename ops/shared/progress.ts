/** Where progress goes: a terminal, or a file that somebody reads later. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  /** `total` may be an estimate; `text` says what was done. */
  show(done: number, total: number, text: string): void;
  end(): void;
}

const barWidth = 24;

/** A bar that fills on a terminal; elsewhere a plain line per tenth of the work. */
export function progress(stream: ProgressStream): Progress {
  return stream.isTTY === true ? progressBar(stream) : progressLines(stream);
}

function progressBar(stream: ProgressStream): Progress {
  let shown = false;
  return {
    show: (done, total, text) => {
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const filled = Math.round(share * barWidth);
      const line = `[${'█'.repeat(filled)}${' '.repeat(barWidth - filled)}] ${done}/${total} ${text}`;
      stream.write(`\r\u001b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`);
      shown = true;
    },
    end: () => {
      if (shown) stream.write('\n');
    },
  };
}

function progressLines(stream: ProgressStream): Progress {
  let tenth = 0;
  return {
    show: (done, total, text) => {
      const reached = total === 0 ? 0 : Math.floor((done * 10) / total);
      if (reached <= tenth) return;
      tenth = reached;
      stream.write(`${done}/${total} ${text}\n`);
    },
    end: () => {},
  };
}
