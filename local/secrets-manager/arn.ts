import { createHash } from 'node:crypto';

/**
 * ARN of a secret. Secrets Manager appends six random characters to the name; here they follow from the name, so that the
 * ARN is known before the secret exists.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html#iam-resources
 */
export function secretArn(name: string, account: { readonly region: string; readonly accountId: string }): string {
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 6);
  return `arn:aws:secretsmanager:${account.region}:${account.accountId}:secret:${name}-${suffix}`;
}
