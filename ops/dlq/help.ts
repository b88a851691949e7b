export const help = `Works on dead letters: the mails, or single recipients, that Postroom gave up.

  npm run dlq -- list                 what lies in the dead-letter queue, and why
  npm run dlq -- show ID              one entry: reason, replies, what the ledger knows, what a redrive would do
  npm run dlq -- redrive [ID…] --yes  send entries again; recipients that ever accepted the mail get it never again
  npm run dlq -- drop [ID…] --yes     delete entries, each after it was written to a file
  npm run dlq -- export [ID…]         write entries to a file or to the screen, one JSON document a line

Without --yes, redrive and drop change nothing and say what they would do.

Which entries (each may be repeated, any of its values counts; different options must all hold):
  --reason REASON      rejected, expired, retry-exhausted, malformed, not-allowed, attachment-unavailable, poison,
                       uncertain, key-conflict; moved-by-sqs for what SQS moved by itself
  --code CODE          SMTP code of a failed recipient (550), or enhanced code from the left (5.1.1, 5.1)
  --relay NAME         the relay that refused
  --domain DOMAIN      domain of a failed recipient
  --key KEY            idempotency key
  --older-than AGE, --newer-than AGE
                       since it failed: 90s, 15m, 2h, 3d
  --code, --relay and --domain must hold for one and the same recipient.

Where:
  --stage NAME         a deployed stage, by the AWS SDK's standard environment (AWS_PROFILE, AWS_REGION…)
  --state-dir DIR      without --stage: the state directory of the local system  (.postroom)

How:
  --yes                do it
  --rate N             entries per second for redrive and drop  (10)
  --file PATH          drop: the file to add to  (dropped-dead-letters.ndjson); export: a new file instead of the screen
  --json               one JSON document a line, the last one {"summary": …}; progress goes to stderr anyway
  --hold SECONDS       how long entries stay hidden if this command is killed; longer if it holds over 12,000  (120)
  --help               this text

Interrupting is safe at any moment, and so is running it again: an entry leaves the queue only after its copy is in the
intake queue (redrive) or on disk (drop). If the command dies between the two, the entry is redriven twice, and the ledger
drops the second copy as a duplicate. Ctrl-C finishes what is in hand and shows the other entries again; after a kill they
show up by themselves (--hold). While it runs, entries are hidden from others: the queue looks emptier on dashboards.

A redrive gives the recipients of that entry fresh attempts and a fresh age. What may have arrived it leaves out, unless an
ID or --reason uncertain (beside any other reason) asks for it: entries with the reason "uncertain", and others whose last
send was cut short, such as poison. It also leaves out, unless given the ID, entries whose recipients were tried but whose
record is gone from the ledger (35 days without a change, or a lost table).

The SQS console's own "Start DLQ redrive" (StartMessageMoveTask) is safe for entries that carry a reason: it keeps their
attributes, and with them the key. What SQS moved by itself has none, and the console gives it a new message id: if its
publisher set no idempotencyKey, the ledger does not recognise it, and recipients that have the mail get it again. Use this
command for those: it derives the key from the message, or from the message id that SQS has kept.

Each line of an export holds "message", which is what "aws sqs send-message --cli-input-json" takes with a --queue-url.

On AWS it needs cloudformation:DescribeStacks; sqs:ReceiveMessage, DeleteMessage, ChangeMessageVisibility and
GetQueueAttributes on the dead-letter queue; sqs:SendMessage on the intake queue; dynamodb:GetItem on the ledger table.

Exits 0 when all went well, 1 when something failed, was interrupted or was not found, 2 when the arguments are wrong or
nothing runs there.
`;
