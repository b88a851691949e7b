import type { DialogueLine } from '../../local/relays/dialogue.ts';

/** What one relay has seen and answered, read from what was said. */
export interface RelayTally {
  connections: number;
  /** Transactions on a connection that had carried one before. */
  reused: number;
  /** QUITs answered with 221. */
  farewells: number;
  /** Recipients whose copy was answered with 250 after the final dot. */
  accepted: number;
  /** Recipients answered with 4xx, at RCPT or after the final dot. */
  deferred: number;
  /** The same with 5xx. */
  refused: number;
}

interface Dialogue {
  command: string;
  /** Recipients answered with 250 in the transaction that is going on. */
  taken: number;
  transactions: number;
}

/** Listens to one relay. */
export function tallyDialogue(): { readonly tally: RelayTally; readonly hear: (line: DialogueLine) => void } {
  const tally: RelayTally = { connections: 0, reused: 0, farewells: 0, accepted: 0, deferred: 0, refused: 0 };
  const dialogues = new Map<string, Dialogue>();
  const answered = (dialogue: Dialogue, code: string): void => {
    const { command } = dialogue;
    if (command === 'MAIL') {
      if (dialogue.transactions > 0) tally.reused += 1;
      dialogue.transactions += 1;
      dialogue.taken = 0;
    }
    if (command === 'QUIT' && code === '221') tally.farewells += 1;
    if (command === 'RCPT' && code === '250') dialogue.taken += 1;
    if (command === '<message>' && code === '250') tally.accepted += dialogue.taken;
    const people = command === 'RCPT' ? 1 : command === '<message>' ? dialogue.taken : 0;
    if (code.startsWith('4')) tally.deferred += people;
    if (code.startsWith('5')) tally.refused += people;
  };
  return {
    tally,
    hear: ({ connection, by, text }) => {
      const known = dialogues.get(connection);
      const dialogue = known ?? { command: '', taken: 0, transactions: 0 };
      dialogues.set(connection, dialogue);
      // The first thing that is said on a connection is the relay's greeting.
      if (known === undefined) tally.connections += 1;
      if (by === 'relay') answered(dialogue, text.slice(0, 3));
      else dialogue.command = text.startsWith('<') ? '<message>' : text.slice(0, 4).toUpperCase();
    },
  };
}
