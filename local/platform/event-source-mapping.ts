/** An `AWS::Lambda::EventSourceMapping` from a queue to a function. */
export interface EventSourceMapping {
  readonly uuid: string;
  readonly queueUrl: string;
  readonly queueArn: string;
  /** Name or ARN, as the template has it. */
  readonly functionId: string;
  readonly enabled: boolean;
  /** 1 to 10,000; more than 10 needs a window. */
  readonly batchSize: number;
  readonly windowMs: number;
  /** Invocations at the same time. */
  readonly maximumConcurrency: number;
  readonly reportBatchItemFailures: boolean;
}
