/** Writes text the way a browser lays it out in lines: blanks collapse, blocks begin on a line of their own. */
export class TextWriter {
  /** Open elements in which blanks and line ends are kept. */
  preformatted = 0;
  #done = '';
  #breaks = 0;
  #blank = false;
  #marked = false;

  write(text: string): void {
    if (this.preformatted > 0) this.#append(text);
    else this.#flow(text);
  }

  #flow(text: string): void {
    const words = text.replace(/[ \t\r\n\f]+/g, ' ');
    if (words.startsWith(' ')) this.space();
    const inner = words.slice(words.startsWith(' ') ? 1 : 0, words.endsWith(' ') ? -1 : undefined);
    if (inner !== '') this.#append(inner);
    if (words.endsWith(' ')) this.space();
  }

  space(): void {
    this.#blank = !this.#marked;
  }

  /** The next text begins after at least so many line ends. */
  lineBreaks(count: number): void {
    if (!this.#marked) this.#breaks = Math.max(this.#breaks, count);
  }

  /** One line end more, however many are due; more than one empty line says nothing. */
  newLine(): void {
    this.#breaks = Math.min(this.#breaks + 1, 2);
  }

  /** A list's mark: its text follows on the same line, also from within another block. */
  mark(text: string): void {
    this.#append(text);
    this.#marked = true;
  }

  position(): number {
    return this.#done.length;
  }

  since(position: number): string {
    return this.#done.slice(position).trim();
  }

  text(): string {
    const lines = this.#done.replace(/\u00a0/g, ' ').split('\n');
    return lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trim();
  }

  #append(text: string): void {
    if (this.#breaks > 0) this.#done += this.#done === '' ? '' : '\n'.repeat(this.#breaks);
    else if (this.#blank && this.#done !== '') this.#done += ' ';
    this.#done += text;
    this.#breaks = 0;
    this.#blank = false;
    this.#marked = false;
  }
}
