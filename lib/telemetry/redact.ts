import { hash } from 'node:crypto';

/** `domain#hash`: the same address always gives the same text within a stage, and nobody reads the address from it. */
export type RedactedAddress = `${string}#${string}`;

export interface Redaction {
  /** For a value known to be an address. The domain is compared in lower case, the local part as it stands. */
  address(address: string): RedactedAddress;
  /**
   * For text that may hold addresses, such as an SMTP reply: each becomes what {@link address} makes of it. Credentials
   * that a relay or an HTTP client echoes go too. At most 2,048 characters are kept.
   */
  text(text: string): string;
  /** Whether {@link text} leaves every part of `text` as it stands; true says so for certain, false does not say no. */
  isPlain(text: string): boolean;
}

const longestText = 2_048;

/** Bounds the search below in what nobody would read. */
const longestSearched = 8_192;

/**
 * A local part, quoted or not (RFC 5321 §4.1.2, wider where that is safe), `@` or its URL-encoded form, and a domain or
 * address literal. The bounds keep the search linear in hostile text.
 */
const addressLike =
  /("(?:[^"\\]|\\.){0,256}"|[^\s<>()[\]:;,"@\\]{1,256})(?:@|%40)(\[[^\]\s]{1,64}\]|[\p{L}\p{M}\p{N}_-]+(?:\.[\p{L}\p{M}\p{N}_-]+)*)/giu;

/** What RFC 6750's header carries. */
const bearerLike = /\b(Bearer)\s+[\w+/=.~-]{16,}/gi;

/** RFC 4954's AUTH command, with the words after it: what it carries itself, and the answers to the challenges. */
const loginLike = /\b(AUTH\s+(?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5))((?:\s+[\w+/=.~-]+){1,6})/gi;

/**
 * Base64 of anything has digits, signs or capitals in its midst; the words of "AUTH LOGIN authentication Disabled" have
 * none, and are shorter than a token.
 */
const encoded =
  /^(?:\S{16,}|(?=\S+[A-Z]|\S*[\d+/=])(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=|[A-Za-z\d+/]{4}))$/;

/** What a text must contain for the searches above to find anything: most texts have none, and are logged most. */
const suspicious = /@|%40|AUTH[\s\\]|Bearer/i;

const withoutSecrets = (words: string): string =>
  words.replace(/\S+/g, (word) => (encoded.test(word) ? '[redacted]' : word));

/** `stage` salts the hash, so that one stage's logs do not tell about another's. */
export function createRedaction(stage: string): Redaction {
  const redacted = (local: string, domain: string): RedactedAddress => {
    const name = domain.toLowerCase();
    return `${name}#${hash('sha256', `${stage}\0${local}@${name}`, 'hex').slice(0, 8)}`;
  };
  return {
    address(address) {
      const at = address.lastIndexOf('@');
      return at < 0 ? redacted(address, '') : redacted(address.slice(0, at), address.slice(at + 1));
    },
    text(text) {
      const whole = text.length <= longestSearched;
      // The last word of a cut text may be half an address, which no pattern knows.
      const searched = whole ? text : text.slice(0, longestSearched).replace(/\S{0,320}$/, '');
      const scrubbed = suspicious.test(searched)
        ? searched
            .replace(addressLike, (_match, local: string, domain: string) => redacted(local, domain))
            .replace(bearerLike, '$1 [redacted]')
            .replace(loginLike, (_match, command: string, words: string) => command + withoutSecrets(words))
        : searched;
      return scrubbed.length > longestText ? `${scrubbed.slice(0, longestText)}…` : scrubbed;
    },
    isPlain: (text) => text.length <= longestText && !suspicious.test(text),
  };
}
