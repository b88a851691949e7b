import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SecretRead, SecretReader } from './credentials-secret.ts';

type Failure = Extract<SecretRead, { reason: string }>;

/**
 * What Secrets Manager's errors mean, by name (GetSecretValue, "Errors", in its API reference). By name and not by class,
 * because a bundle may hold a class twice. What is not listed (throttling, 5xx, network, expired credentials) passes.
 */
const knownErrors: Readonly<Record<string, Failure>> = {
  ResourceNotFoundException: { kind: 'missing', reason: 'the secret does not exist or has no value yet' },
  InvalidRequestException: { kind: 'missing', reason: 'the secret is marked for deletion' },
  AccessDeniedException: { kind: 'denied', reason: 'this function may not read the secret or use its KMS key' },
  DecryptionFailure: { kind: 'denied', reason: "the secret's KMS key cannot decrypt it" },
  InvalidParameterException: { kind: 'denied', reason: 'the secret is configured with a name that is none' },
  ValidationException: { kind: 'denied', reason: 'the secret is configured with a name that is none' },
};

/** Reads secrets from AWS Secrets Manager. Never rejects. */
export function createSecretReader(client: Pick<SecretsManagerClient, 'send'>): SecretReader {
  return {
    async read(secretId, stage, signal) {
      try {
        const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage });
        const { SecretString, SecretBinary, VersionId } = await client.send(command, { abortSignal: signal });
        const text = SecretString ?? (SecretBinary && Buffer.from(SecretBinary).toString('utf8'));
        if (text === undefined || VersionId === undefined) return { kind: 'away', reason: 'an answer without a value' };
        return { kind: 'value', versionId: VersionId, text };
      } catch (error) {
        const name = error instanceof Error ? error.name : 'unknown error';
        return knownErrors[name] ?? { kind: 'away', reason: `Secrets Manager could not be asked (${name})` };
      }
    },
  };
}
