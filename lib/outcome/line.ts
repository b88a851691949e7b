import type { SmtpFailure } from './outcome.ts';

/**
 * What a rule's patterns are tested against: a reply as `code enhanced-code text` (the enhanced code only when there is
 * one), an error as its message. What the reply merely quotes is blanked, because whoever chose a recipient's address or
 * a subject must not choose the classification. Only matching sees it so; what is stored and shown stays as it came.
 *
 * @param addresses those of the transaction, reverse-path and forward-path, which a relay may repeat in any dress.
 */
export function lineOf(failure: SmtpFailure, addresses: readonly string[]): string {
  if (failure.reply === undefined) return failure.error.message;
  const { code, enhancedCode, text } = failure.reply;
  const unquoted = withoutQuotes(text, addresses);
  return enhancedCode === undefined ? `${code} ${unquoted}` : `${code} ${enhancedCode} ${unquoted}`;
}

/** In this order: what comes first may hold the marks of what comes later. Something is left where a quote stood. */
const quotes: readonly (readonly [RegExp, string])[] = [
  // A subject may hold anything, brackets too. When the reply was cut before its end, it goes on to the end.
  [/\bsubject of \(.*\)(?= matches )|\bsubject of \(.*/gi, 'subject of ()'],
  // A path (RFC 5321 §4.1.2); its local part may be a quoted string that holds brackets. The null path stays `<>`.
  [/<(?:"(?:\\.|[^"\\])*"|[^">])+>|<[^>]+>/g, '<*>'],
  [/"(?:\\.|[^"\\])*"@\S+/g, '*'],
  // Not a reply that stands in quotes as a whole, as some administrators write theirs.
  [/(?<!^)"(?:\\.|[^"\\])*"|"(?:\\.|[^"\\])*"(?!$)/g, '""'],
  // An address without any marks, also within a URL.
  [/\S+(?:@|%40)\S+/gi, '*'],
  // Postfix passes on what another server said to its probe of an address.
  [/\bhost \S+ said: .*/gi, 'host said'],
];

function withoutQuotes(text: string, addresses: readonly string[]): string {
  const lowerCase = text.toLowerCase();
  const repeated = addresses.flatMap(dresses).filter((one) => lowerCase.includes(one.toLowerCase()));
  const stranger = repeated.reduce((rest, one) => rest.replace(new RegExp(RegExp.escape(one), 'gi'), '*'), text);
  return quotes.reduce((rest, [quote, mark]) => rest.replace(quote, mark), stranger);
}

/** As it is; with its local part out of quotes; and its domain, unless that could be any word. */
function dresses(address: string): readonly string[] {
  if (address === '') return [];
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  const bare = address.slice(0, at).replace(/^"(.*)"$/, (_, inside: string) => inside.replace(/\\(.)/g, '$1'));
  return [address, `${bare}@${domain}`, ...(domain.includes('.') ? [domain] : [])];
}
