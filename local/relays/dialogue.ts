/** One line of an SMTP session, as the relay heard or said it. The message itself is one line: `<1234 bytes of DATA>`. */
export interface DialogueLine {
  /** Which of the relay's connections. */
  readonly connection: string;
  readonly by: 'client' | 'relay';
  readonly text: string;
}

export type OnDialogue = (line: DialogueLine) => void;

/** npm `smtp-server` tells its log what is said: `C:` and `S:` with the line, and the connection beside them. */
export function dialogueLogger(onDialogue: OnDialogue) {
  const speakers = { 'C:': 'client', 'C: <%s bytes of DATA>': 'client', 'S:': 'relay' } as const;
  const isSpeaker = (text: string): text is keyof typeof speakers => text in speakers;
  const ignore = (): void => undefined;
  return {
    debug: ({ cid }: { readonly cid?: unknown }, format: string, said: unknown) => {
      if (!isSpeaker(format)) return;
      const text = format.includes('%s') ? `<${said} bytes of DATA>` : String(said);
      onDialogue({ connection: String(cid), by: speakers[format], text });
    },
    trace: ignore,
    info: ignore,
    warn: ignore,
    error: ignore,
    fatal: ignore,
  };
}
