import * as v from 'valibot';

/** `source` of every event on the bus. */
export const eventSource = 'postroom';

/** `detail-type` of the events. Types may be added, never renamed. */
export const outcomeTypes = ['Email Delivered', 'Email Delayed', 'Email Failed', 'Email Uncertain'] as const;
export type OutcomeType = (typeof outcomeTypes)[number];

const said = <Schema extends v.GenericSchema>(schema: Schema, text: string) => v.pipe(schema, v.description(text));
const time = (text: string) => said(v.pipe(v.string(), v.isoTimestamp()), `${text} ISO 8601, UTC.`);

const recipient = v.object({
  address: said(v.string(), 'The recipient, as in the envelope.'),
  at: time('When this was found out.'),
  relay: v.optional(said(v.string(), 'The relay that answered last, by its name in the stage config.')),
  code: v.optional(said(v.pipe(v.number(), v.integer()), 'SMTP reply code (RFC 5321 §4.2).')),
  enhancedCode: v.optional(said(v.string(), 'Enhanced status code (RFC 3463), such as 5.1.1.')),
  reply: v.optional(
    said(v.string(), 'Text of the reply or error; cut to 512 characters, or shorter in a large event.'),
  ),
  phase: v.optional(said(v.string(), 'Where in the SMTP session it failed.')),
});

const common = {
  version: said(v.literal(1), 'Version of this contract.'),
  eventId: said(
    v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
    'The same in every repeat of this event: events come at least once.',
  ),
  stage: said(v.string(), 'The stage of Postroom that tells.'),
  idempotencyKey: said(v.string(), "The mail's idempotency key."),
  tags: said(v.record(v.string(), v.string()), "The mail's tags; empty when it has none."),
  at: time('When the ledger was written.'),
  firstSeenAt: time('When the mail was enqueued, or redriven.'),
  attempts: said(v.pipe(v.number(), v.integer()), 'Charged attempts so far.'),
  recipients: said(
    v.pipe(v.array(recipient), v.minLength(1)),
    'Whom the event is about. Other recipients of the mail have events of their own.',
  ),
};

const givenUp = {
  ...common,
  reason: said(v.string(), 'Why, in the words of the dead-letter queue. An open list.'),
  deadLetterId: said(v.string(), 'The entry in the dead-letter queue that names these recipients.'),
  message: v.optional(said(v.string(), 'A sentence for people, for reasons that no SMTP reply explains.')),
};

/** What `detail` holds, by detail type. Fields may be added, never renamed. */
export const outcomeDetails = {
  'Email Delivered': said(v.object(common), 'A relay took the mail for these recipients. Final.'),
  'Email Delayed': said(
    v.object({ ...common, nextAttemptAt: time('When the next attempt is due.') }),
    'The first attempt did not reach these recipients, or no relay could be asked for a quarter of an hour; Postroom goes on ' +
      'trying. Once per mail.',
  ),
  'Email Failed': said(
    v.object(givenUp),
    'These recipients were given up and lie in the dead-letter queue. Final, unless somebody redrives the entry.',
  ),
  'Email Uncertain': said(
    v.object(givenUp),
    'These recipients may have the mail or not, and nothing more is sent to them. They lie in the dead-letter queue.',
  ),
} as const satisfies Readonly<Record<OutcomeType, v.GenericSchema>>;

export type OutcomeRecipient = v.InferOutput<typeof recipient>;
type Details = { readonly [Type in OutcomeType]: v.InferOutput<(typeof outcomeDetails)[Type]> };

/** One event as it goes to the bus. */
export type OutcomeEvent = {
  readonly [Type in OutcomeType]: { readonly type: Type; readonly detail: Details[Type] };
}[OutcomeType];
