export const help = `Looks for forgotten mail: what the ledger says should have moved long ago.

  npm run audit                     what is overdue, the longest first, and what is wrong with it
  npm run audit -- --json           one document of JSON; times are milliseconds since the epoch
  npm run audit -- --close KEY      what giving that mail up would mean; with --yes it is done: whom the ledger knows gets
                                    nothing under that key again. Only what is forgotten can be closed. May be repeated

How:
  --margin DURATION    what is overdue by less is well: 90s, 15m, 2h or 3d  (what the stage's own audit uses)
  --deep               reads the whole ledger for first sends that were cut short and whose message is gone; without, one
                       slice of 64 MiB, another one each quarter of an hour. Costs a read of every mail of the last 35 days

Where:
  --stage NAME         a deployed stage, by the AWS SDK's standard environment (AWS_PROFILE, AWS_REGION…)
  --state-dir DIR      without --stage: the state directory of the local system  (.postroom)
  --help               this text

What it finds:
  unreadable             the item in the ledger was written by a newer version, or by hand
  dead-letter-missing    a recipient was given up, and no dead-letter entry names him
  dead-letter-pending    an entry is owed to the dead-letter queue
  bounce-missing         the entry is in the dead-letter queue, and the mail's sender was not told
  window-passed          the retry window or the mail's own expiry has passed, and nobody gave it up
  lease-ended            a send was cut short, and nobody has looked at the mail since
  uncertain-unresolved   somebody may have the mail, and the second send that its policy wants is overdue
  attempt-overdue        the next attempt is overdue

Each is carried on by its message in the intake queue. When that message is gone:
  nobody new has it      publish the mail again with the same idempotency key: who has it, by the ledger, does not get it again
  "May have been delivered"
                         look first: npm run trace -- KEY ("Delivered, but the ledger could not be written"), and the relay's
                         own log. It was: --close the mail. It was not: publish it again with the same key. Published again
                         unlooked at, it may arrive twice. After lease-ended, "onUncertain": "hold" in the new message
                         prevents that: who may have it then becomes a dead letter (uncertain), and the others get it
docs/audit.md has the rest.

Exits 0 when nothing is forgotten or all was closed, 1 when something is or the audit failed, 2 when the arguments are wrong or
nothing runs there.
`;
