import { generate } from 'selfsigned';

/** PEM texts: a certificate for `localhost` and 127.0.0.1, and the private CA that a client must trust for it. */
export interface RelayCertificate {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** A new CA and a certificate signed by it; both live for a year at most and are never written to disk. */
export async function createCertificate(): Promise<RelayCertificate> {
  const ca = await generate([{ name: 'commonName', value: 'Postroom local CA' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { key: leaf.private, cert: leaf.cert, ca: ca.cert };
}
