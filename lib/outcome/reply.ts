import type { SmtpReply } from './outcome.ts';

const maxTextBytes = 1024;
/** RFC 5321 §4.2: every line but the last has a hyphen after the code; text may be missing. */
const replyLine = /^(?<code>[2-5]\d\d)(?:(?<separator>[ -])(?<text>.*))?$/s;
const enhancedCode = /^(?<enhanced>(?<class>[245])\.\d{1,3}\.\d{1,3})(?![\d.])[ ]*/;
const controls = /[\p{Cc}\u2028\u2029]+/gu;

/**
 * Reads a raw reply: one line or several joined by `\n` or CRLF, each with its code. Undefined when it is not well-formed:
 * empty, garbage, a code outside 200–599, codes that differ between lines, a last line that announces another one.
 *
 * The enhanced status code (RFC 3463) is taken from the first line, and only if its class agrees with the code (RFC 2034
 * §4). Control characters become spaces; at most 1 KiB of the text, as UTF-8, is kept.
 */
export function parseReply(raw: string): SmtpReply | undefined {
  const lines = raw.replace(/(\r?\n)+$/, '').split(/\r?\n/);
  const parsed = lines.map((line) => replyLine.exec(line)?.groups);
  const code = parsed[0]?.['code'];
  if (code === undefined) return undefined;
  const wellFormed = parsed.every(
    (line, index) => line?.['code'] === code && (line['separator'] === '-') === index < parsed.length - 1,
  );
  if (!wellFormed) return undefined;

  const texts = parsed.map((line) => (line?.['text'] ?? '').trimStart());
  const enhanced = agreeingCode(texts[0] ?? '', code);
  const text = cleaned(
    texts.map((line) => (agreeingCode(line, code) === enhanced ? withoutCode(line, enhanced) : line)),
  );
  return { code: Number(code), text, ...(enhanced === undefined ? {} : { enhancedCode: enhanced }) };
}

function agreeingCode(line: string, code: string): string | undefined {
  const found = enhancedCode.exec(line)?.groups;
  return found?.['class'] === code[0] ? found?.['enhanced'] : undefined;
}

function withoutCode(line: string, enhanced: string | undefined): string {
  return enhanced === undefined ? line : line.slice(enhanced.length);
}

function cleaned(lines: readonly string[]): string {
  const text = lines.join(' ').toWellFormed().replace(controls, ' ').replace(/ {2,}/g, ' ').trim();
  const bytes = Buffer.from(text);
  if (bytes.length <= maxTextBytes) return text;
  // A character cut in half at the end decodes to U+FFFD with `stream: false`; streaming leaves it out.
  return new TextDecoder().decode(bytes.subarray(0, maxTextBytes), { stream: true }).trimEnd();
}
