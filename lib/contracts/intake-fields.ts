import * as v from 'valibot';

/**
 * ASCII and C1 control characters (so CR, LF, NUL and NEL), Unicode line and paragraph separator. Named by what is left out,
 * the patterns mean the same with and without the flag `u`, with which JSON Schema's are read; else they would refuse emoji.
 */
const lineBreakers = String.raw`\u0000-\u001f\u007f-\u009f\u2028\u2029`;
const oneLine = new RegExp(`^[^${lineBreakers}]*$`);
const oneLineRule = 'must not contain control characters or line separators';

/** Folding happens at blanks (RFC 5322 §2.2.3), so a longer word makes a line that SMTP may refuse (RFC 5321 §4.5.3.1.6). */
const maxWord = 900;
/** A longer run could fold into a line of nothing but blanks, which some software takes for the end of the header. */
const longBlank = ' '.repeat(61);

/** JSON can carry half of a surrogate pair (`"\ud800"`), which has no UTF-8 form. */
export const wellFormed = v.check<string, string>((text) => text.isWellFormed(), 'must not contain lone surrogates');

export const noLongBlank = v.check<string, string>(
  (text) => !text.includes(longBlank),
  'must not contain more than 60 blanks in a row',
);

/** Text that goes into a header field: a subject, a display name, a field value. */
export const headerText = v.pipe(
  v.string(),
  v.regex(oneLine, oneLineRule),
  wellFormed,
  v.check(
    (text) => text.length <= maxWord || !text.split(' ').some((word) => word.length > maxWord),
    'must not contain a word of more than 900 characters',
  ),
  noLongBlank,
);

/** Quoting can double its length, and must still leave it shorter than a line. */
export const displayName = v.pipe(headerText, v.maxLength(400, 'must not have more than 400 characters'));

/** Text of one line that is no prose: an address, a key, a file name. */
export const line = (maxLength: number) => words(maxLength, v.regex(oneLine, oneLineRule));

/** A dead letter carries the key as an attribute, and SQS refuses U+FFFE and U+FFFF there (API reference, SendMessage). */
export const idempotencyKey = words(
  256,
  v.regex(new RegExp(String.raw`^[^${lineBreakers}\ufffe\uffff]*$`), `${oneLineRule}, nor U+FFFE or U+FFFF`),
);

function words(maxLength: number, pattern: v.RegexAction<string, string>) {
  return v.pipe(
    v.string(),
    v.minLength(1, 'must not be empty'),
    v.maxLength(maxLength, `must not have more than ${maxLength} characters`),
    pattern,
    wellFormed,
  );
}

/** Standard alphabet with padding (RFC 4648 §4); line breaks between the characters are allowed, as MIME tools write them. */
export const base64 = v.pipe(
  v.string(),
  v.check(isBase64, 'must be base64 (RFC 4648 §4) with padding'),
  v.metadata({ contentEncoding: 'base64' }),
);

function isBase64(text: string): boolean {
  const characters = /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, '') : text;
  return characters.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(characters);
}

/** Fields that the sender writes, or that only a mail server may add (RFC 5322 §3.6). */
const structural = [
  'from',
  'sender',
  'to',
  'cc',
  'bcc',
  'reply-to',
  'subject',
  'date',
  'message-id',
  'mime-version',
  'received',
  'return-path',
  'dkim-signature',
  'authentication-results',
];
const structuralPrefixes = ['content-', 'resent-', 'arc-', 'x-postroom-'];

function isStructuralHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return structural.includes(lower) || structuralPrefixes.some((prefix) => lower.startsWith(prefix));
}

/** RFC 5322 §2.2: printable ASCII but the colon. */
export const headerName = v.pipe(
  v.string(),
  v.maxLength(76, 'must not have more than 76 characters'),
  v.regex(/^[!-9;-~]+$/, 'must be a header field name: printable ASCII without blank and colon'),
  v.check((name) => !isStructuralHeader(name), 'must not be set here: Postroom or a mail server writes this header'),
);

/** RFC 2045 §5.1. A multipart type has no meaning without a boundary that Postroom would have to know. */
export const contentType = v.pipe(
  line(255),
  v.regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;[ -~]*)?$/, 'must be a media type such as "application/pdf"'),
  v.check((type) => !/^multipart\//i.test(type), 'must not be a multipart type'),
);

/** The part of a `cid:` URL (RFC 2392), without angle brackets. */
export const contentId = v.pipe(
  line(255),
  v.regex(/^[!-;=?-~]+$/, 'must be printable ASCII without blanks and angle brackets'),
);
