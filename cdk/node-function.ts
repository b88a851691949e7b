import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type FunctionProps, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { bundled } from './bundling.ts';
import { removal } from './removal.ts';

export interface NodeFunctionProps
  extends Pick<FunctionProps, 'memorySize' | 'timeout' | 'retryAttempts' | 'maxEventAge' | 'vpc' | 'securityGroups'> {
  readonly config: StageConfig;
  readonly description: string;
  readonly environment: Record<string, string>;
  /** What it may do besides writing its log and sending traces. */
  readonly statements: readonly PolicyStatement[];
}

/** Stack traces name lines of the source. */
export const sourceMaps = { NODE_OPTIONS: '--enable-source-maps' };

/** The function whose code is `functions/<entry>.ts`, with a log group and a role of its own. */
export function nodeFunction(
  scope: Construct,
  entry: string,
  { config, statements, ...props }: NodeFunctionProps,
): LambdaFunction {
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: config.logRetentionDays,
    removalPolicy: removal(config),
  });
  // Lambda's managed policies allow writing to every log group.
  const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  role.addToPolicy(allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]));
  for (const statement of statements) role.addToPolicy(statement);
  return new LambdaFunction(scope, 'Function', {
    code: bundled(scope, entry),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    tracing: config.tracing.sampleRate > 0 ? Tracing.ACTIVE : Tracing.DISABLED,
    ...props,
    logGroup,
    role,
  });
}

export const allow = (actions: readonly string[], resources: readonly string[]): PolicyStatement =>
  new PolicyStatement({ actions: [...actions], resources: [...resources] });
