/** Widest line of a folded field, without its CRLF (RFC 5322 §2.1.1). */
const foldAt = 78;
/** Longest run without a blank, in characters: with four bytes each, still a line that SMTP takes (RFC 5321 §4.5.3.1.6). */
const longestWord = 200;

/** The text on one line: whatever could end the line, or is no character, becomes a blank. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
}

/** `Name: value` with its CRLF, never folded: for addresses and tokens, in which a blank may matter. */
export function field(name: string, value: string): string {
  return `${name}: ${oneLine(value)}\r\n`;
}

/** `Name: value` of prose, folded at blanks; words that no line could hold are cut. */
export function foldedField(name: string, value: string): string {
  const lines = [`${name}:`];
  for (const word of words(value)) {
    const last = lines.length - 1;
    const line = lines[last] ?? '';
    const first = line === `${name}:`;
    if (first || line.length + 1 + word.length <= foldAt) lines[last] = `${line} ${word}`;
    else lines.push(` ${word}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** Text in lines of at most `width` characters where blanks allow it, each with the indent. */
export function wrapped(text: string, indent: string, width = 74): string {
  const lines: string[] = [];
  let line = '';
  for (const word of words(text)) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((one) => `${indent}${one}`).join('\n');
}

function words(text: string): string[] {
  return oneLine(text)
    .split(/ +/)
    .flatMap((word) => (word.length <= longestWord ? [word] : inPieces([...word])));
}

function inPieces(characters: readonly string[]): string[] {
  const count = Math.ceil(characters.length / longestWord);
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * longestWord, (index + 1) * longestWord).join(''),
  );
}

/** RFC 5322 §3.3, in UTC. */
export function dateTime(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}

export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}
