import * as v from 'valibot';

const text = v.pipe(v.string(), v.minLength(1));

/** The environment of the function that publishes outcome events: set by the construct, read by the handler. */
export const eventsEnvironment = v.object({
  POSTROOM_STAGE: text,
  POSTROOM_EVENT_BUS: text,
  POSTROOM_EVENT_FAILURES_QUEUE_URL: text,
});

export type EventsEnvironment = v.InferOutput<typeof eventsEnvironment>;
