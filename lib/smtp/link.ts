import type { LookupFunction, Socket } from 'node:net';
import type { SmtpFailure } from '../outcome/outcome.ts';
import type { Bounds } from './bounds.ts';
import { Channel } from './channel.ts';
import { dial, secure } from './dial.ts';
import type { Extensions } from './extensions.ts';
import { handshake } from './handshake.ts';
import type { TlsContext } from './tls-context.ts';
import type { RelayConnectionSettings, SetUpTimings } from './transport.ts';

/** A session that is ready for mail. */
export interface Link {
  readonly channel: Channel;
  readonly extensions: Extensions;
  /** Of the settings it was opened with. */
  readonly version: string;
}

export type Opened =
  | { readonly ok: true; readonly link: Link; readonly timings: SetUpTimings }
  | { readonly ok: false; readonly failure: SmtpFailure };

export interface Opening {
  readonly settings: RelayConnectionSettings;
  /** Undefined for a relay without TLS. */
  readonly tls: TlsContext | undefined;
  readonly bounds: Bounds;
  readonly lookup: LookupFunction | undefined;
  /** The relay is about to be asked to let us in. */
  readonly onLogin: (() => void) | undefined;
}

/** Dials, secures, greets and logs in. On failure no socket is left. */
export async function openLink(opening: Opening): Promise<Opened> {
  const { settings, tls, bounds, lookup } = opening;
  const { host, port } = settings;
  const dialled = await dial({ host, port, ...(lookup === undefined ? {} : { lookup }) }, bounds);
  if (!dialled.ok) return dialled;
  const connectMs = dialled.tookMs;
  if (settings.tls !== 'implicit' || tls === undefined) return greet(opening, dialled.socket, { connectMs });
  const secured = await secure(dialled.socket, tls, bounds);
  return secured.ok ? greet(opening, secured.socket, { connectMs, tlsMs: secured.tookMs }) : secured;
}

async function greet(
  { settings, tls, bounds, onLogin }: Opening,
  socket: Socket,
  timings: Omit<SetUpTimings, 'greetingMs'>,
): Promise<Opened> {
  const { host, ehloName, version } = settings;
  const upgrade = settings.tls === 'starttls' ? tls : undefined;
  const channel = new Channel(socket, settings.tls === 'implicit', {
    host,
    ...(ehloName === undefined ? {} : { ehloName }),
    ...(upgrade === undefined ? {} : { starttls: upgrade.options() }),
  });
  const { ok, ...shaken } = await handshake({ channel, settings, upgrade, bounds, onLogin });
  if ('failure' in shaken) return { ok: false, failure: shaken.failure };
  const { extensions, ...further } = shaken;
  return { ok: true, link: { channel, extensions, version }, timings: { ...timings, ...further } };
}
