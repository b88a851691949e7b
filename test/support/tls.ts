import { generate } from 'selfsigned';

/** A key pair with its certificate, PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

/** One authority and what servers and clients of a test need from it. All made anew, elliptic curves, SHA-256. */
export interface TestCertificates {
  /** The authority's certificate: what a client passes as `ca`. */
  readonly ca: string;
  /** For `localhost` and 127.0.0.1, signed by the authority. */
  readonly right: KeyAndCertificate;
  /** For `other.example` only, signed by the authority. */
  readonly wrongName: KeyAndCertificate;
  /** For `localhost`, signed by the authority, ended yesterday. */
  readonly expired: KeyAndCertificate;
  /** For `localhost` and 127.0.0.1, signed by itself: passing its `cert` as `ca` makes it trusted. */
  readonly selfSigned: KeyAndCertificate;
  /** A client certificate signed by the authority, for mutual TLS. */
  readonly client: KeyAndCertificate;
}

const day = 24 * 60 * 60 * 1000;

interface CertificateWish {
  readonly name: string;
  readonly ip?: string;
  readonly authority?: KeyAndCertificate;
  readonly daysFromNow?: readonly [from: number, to: number];
  readonly isAuthority?: boolean;
}

async function certificate(wish: CertificateWish): Promise<KeyAndCertificate> {
  const [from, to] = wish.daysFromNow ?? [-1, 30];
  const made = await generate([{ name: 'commonName', value: wish.name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() + from * day),
    notAfterDate: new Date(Date.now() + to * day),
    ...(wish.authority ? { ca: wish.authority } : {}),
    extensions: wish.isAuthority
      ? [
          { name: 'basicConstraints', cA: true, critical: true },
          { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
        ]
      : [
          { name: 'basicConstraints', cA: false, critical: true },
          { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
          {
            name: 'subjectAltName',
            altNames: [{ type: 2, value: wish.name }, ...(wish.ip ? [{ type: 7 as const, ip: wish.ip }] : [])],
          },
        ],
  });
  return { key: made.private, cert: made.cert };
}

export async function createCertificates(): Promise<TestCertificates> {
  const authority = await certificate({ name: 'Postroom test authority', isAuthority: true });
  const ip = '127.0.0.1';
  const [right, wrongName, expired, selfSigned, client] = await Promise.all([
    certificate({ name: 'localhost', ip, authority }),
    certificate({ name: 'other.example', authority }),
    certificate({ name: 'localhost', ip, authority, daysFromNow: [-30, -1] }),
    certificate({ name: 'localhost', ip }),
    certificate({ name: 'client.example', authority }),
  ]);
  return { ca: authority.cert, right, wrongName, expired, selfSigned, client };
}
