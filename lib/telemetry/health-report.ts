import type { RelayHealthEvent } from '../health/events.ts';
import type { Log } from './log.ts';
import type { Telemetry } from './telemetry.ts';

/** Counts and logs what becomes known about relays. `log` gives the log of the invocation that is running. */
export function healthReport(telemetry: Pick<Telemetry, 'count'>, log: () => Log): (event: RelayHealthEvent) => void {
  return (event) => {
    switch (event.type) {
      case 'breaker-opened': {
        const { relay, reason, rule, reopensAt } = event;
        telemetry.count('BreakerOpened', relay);
        const message = `next trial at ${new Date(reopensAt).toISOString()}`;
        log().event('relay.breaker-opened', { relay, outcome: reason, rule, message });
        return;
      }
      case 'breaker-closed':
        log().event('relay.breaker-closed', { relay: event.relay });
        return;
      case 'trial-started':
      case 'trial-returned':
        log().event('relay.trial', { relay: event.relay, outcome: event.type });
        return;
      case 'throttled':
        telemetry.count('RelayThrottled', event.relay);
        log().event('relay.throttled', { relay: event.relay, counts: { sessions: event.sessions } });
        return;
      case 'health-unavailable': {
        const { relay, error } = event;
        log().event('relay.health-unavailable', { error, ...(relay === undefined ? {} : { relay }) });
      }
    }
  };
}
