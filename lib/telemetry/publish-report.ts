import type { PublishReport } from '../events/publish.ts';
import type { Log } from './log.ts';
import type { Telemetry } from './telemetry.ts';

/** Counts and logs what becomes of outcome events. */
export function reportPublishing(told: PublishReport, telemetry: Pick<Telemetry, 'count'>, log: Log): void {
  switch (told.type) {
    case 'published':
      telemetry.count('OutcomeEventsPublished', undefined, told.events);
      return;
    case 'set-aside': {
      const { key, sequenceNumber, error } = told.change;
      const message = `sequence number ${sequenceNumber}`;
      telemetry.count('OutcomeEventsFailed');
      log.event('events.set-aside', { ...(key === undefined ? {} : { key }), message, error });
      return;
    }
    case 'failed': {
      const { keys, error } = told;
      telemetry.count('OutcomeEventsFailed', undefined, Math.max(1, keys.length));
      for (const key of keys) log.event('events.failed', { key, error });
      if (keys.length === 0) log.event('events.failed', { error });
    }
  }
}
