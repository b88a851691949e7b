/**
 * The stack's outputs, by key. Operators' commands and publishers outside the repository read them: keys may be added,
 * never renamed. `RelaySecretArns` is JSON: relay name → secret ARN. `AuditSettings` is JSON: `audit-environment.ts`.
 */
export type StackOutput =
  | 'IntakeQueueUrl'
  | 'IntakeQueueArn'
  | 'DeadLetterQueueUrl'
  | 'DeadLetterQueueArn'
  | 'LedgerTableName'
  | 'RelayHealthTableName'
  | 'SenderFunctionName'
  | 'ProbeFunctionName'
  | 'DashboardName'
  | 'AlarmTopicArn'
  | 'RelaySecretArns'
  | 'AuditSettings';

export type StackOutputs = Readonly<Record<StackOutput, string>>;

/** SSM parameters through which publishers in the same account find the intake queue. */
export const discoveryParameters = (stage: string) => ({
  intakeQueueUrl: `/postroom/${stage}/intake-queue-url`,
  intakeQueueArn: `/postroom/${stage}/intake-queue-arn`,
});
