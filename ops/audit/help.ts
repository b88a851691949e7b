export const help = `Looks for forgotten mail: what the ledger says should have moved long ago. Changes nothing.

  npm run audit                     what is overdue, the longest first, and what is wrong with it
  npm run audit -- --json           one document of JSON; times are milliseconds since the epoch

How:
  --margin DURATION    what is overdue by less is well: 90s, 15m, 2h or 3d  (what the stage's own audit uses)
  --deep               reads the whole ledger, not only its index of unfinished mail: finds first sends that were cut
                       short and whose message is gone. Costs a read of every mail of the last 35 days

Where:
  --stage NAME         a deployed stage, by the AWS SDK's standard environment (AWS_PROFILE, AWS_REGION…)
  --state-dir DIR      without --stage: the state directory of the local system  (.postroom)
  --help               this text

What it finds:
  dead-letter-missing    a recipient was given up, and no dead-letter entry names him
  dead-letter-pending    an entry is owed to the dead-letter queue
  window-passed          the retry window or the mail's own expiry has passed, and nobody gave it up
  lease-ended            a send was cut short, and nobody has looked at the mail since
  uncertain-unresolved   somebody may have the mail, and the second send that its policy wants is overdue
  attempt-overdue        the next attempt is overdue

Each is carried on by its message in the intake queue. When that message is gone, publish the mail again with the same
idempotency key: who has it already does not get it twice.

Exits 0 when nothing is forgotten, 1 when something is or the audit failed, 2 when the arguments are wrong or nothing runs
there.
`;
