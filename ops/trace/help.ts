export const help = `Tells the whole story of one message: when it was received, every attempt with the relay, its reply and what that
means, what has become of each recipient, and what happens next and when.

  npm run trace -- KEY                the idempotency key, or the SQS message id of one copy

How:
  --json               one JSON document: the ledger's item and the log's lines; times of the ledger are ms since the epoch
  --since DURATION     with --stage: how far back the log is searched, such as 2h or 14d  (from the first receipt, else 14d)

Where:
  --stage NAME         a deployed stage, by the AWS SDK's standard environment (AWS_PROFILE, AWS_REGION…): its ledger in
                       DynamoDB, and its log by a query of CloudWatch Logs Insights, which AWS bills by the bytes it reads
  --state-dir DIR      without --stage: the state directory of the local system  (.postroom)
  --help               this text

The log names recipients by a hash only; where the ledger knows them, they are shown as they are.

Exits 0 when something is known about the message, 1 when nothing is, 2 when the arguments are wrong or nothing runs there.
`;
