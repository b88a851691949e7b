import { describe, expect, it } from 'vitest';
import { phases, type SmtpFailure } from '../../../lib/outcome/outcome.ts';
import { smtpObserver } from '../../../lib/telemetry/smtp-observer.ts';
import { createTelemetry } from '../../../lib/telemetry/telemetry.ts';
import { emfDocuments, sumOf, valuesOf } from '../../support/emf.ts';

function prepare() {
  const lines: string[] = [];
  const telemetry = createTelemetry({ stage: 'test', clock: { now: () => 0 }, sink: (line) => lines.push(line) });
  return { lines, telemetry, observer: smtpObserver(telemetry) };
}

const failedIn = (phase: SmtpFailure['phase']): SmtpFailure => ({
  phase,
  reused: false,
  error: { kind: 'closed', message: 'closed' },
});

describe('smtp observer', () => {
  it('counts a failed dial as opened and failed, never as closed', () => {
    const { lines, telemetry, observer } = prepare();

    observer.connectionOpened('primary');
    observer.connectionFailed('primary', failedIn('connect'));
    telemetry.flush();

    expect(emfDocuments(lines).map((document) => document.values)).toEqual([
      { ConnectionsOpened: [1], ConnectionsFailedConnect: [1] },
    ]);
  });

  it('counts a session that was used again and ended cleanly, with its set-up times', () => {
    const { lines, telemetry, observer } = prepare();

    observer.connectionOpened('primary');
    observer.connectionReady('primary', { connectMs: 7, greetingMs: 5, tlsMs: 34, authMs: 56 });
    observer.connectionReused('primary');
    observer.connectionClosed('primary');
    telemetry.flush();

    expect(emfDocuments(lines).map((document) => document.values)).toEqual([
      { ConnectDuration: [12], TlsDuration: [34], AuthDuration: [56] },
      { ConnectionsOpened: [1], ConnectionsReused: [1], ConnectionsClosed: [1] },
    ]);
  });

  it('records no time for phases that did not happen', () => {
    const { lines, telemetry, observer } = prepare();

    observer.connectionReady('primary', { connectMs: 0, greetingMs: 0 });
    telemetry.flush();

    expect(valuesOf(lines, 'ConnectDuration')).toEqual([0]);
    expect(valuesOf(lines, 'TlsDuration')).toEqual([]);
    expect(valuesOf(lines, 'AuthDuration')).toEqual([]);
  });

  it('counts a failure in every phase once, under the relay it happened with', () => {
    const { lines, telemetry, observer } = prepare();

    for (const phase of phases) observer.connectionFailed('primary', failedIn(phase));
    telemetry.flush();

    const dimensions = { stage: 'test', relay: 'primary' };
    expect(sumOf(lines, 'ConnectionsFailedDns', dimensions)).toBe(1);
    expect(sumOf(lines, 'ConnectionsFailedConnect', dimensions)).toBe(1);
    expect(sumOf(lines, 'ConnectionsFailedTls', dimensions)).toBe(2);
    expect(sumOf(lines, 'ConnectionsFailedGreeting', dimensions)).toBe(2);
    expect(sumOf(lines, 'ConnectionsFailedAuth', dimensions)).toBe(2);
    expect(sumOf(lines, 'ConnectionsLost', dimensions)).toBe(5);
  });
});
