import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/platform/clock.ts';
import { secretArn } from './arn.ts';
import { SecretsManagerError, secretNotFound, valueNotFound } from './errors.ts';

export interface SecretValue {
  readonly secretString?: string;
  /** Base64. */
  readonly secretBinary?: string;
}

export interface SecretVersion {
  readonly versionId: string;
  readonly value: SecretValue;
  readonly stages: Set<string>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  changedAt: number;
  description?: string;
  readonly versions: Map<string, SecretVersion>;
}

/** The secrets of one account and their versions, in memory. */
export class SecretStore {
  readonly #secrets = new Map<string, Secret>();
  readonly #account: { readonly region: string; readonly accountId: string };
  readonly #clock: Clock;

  constructor(account: { readonly region: string; readonly accountId: string }, clock: Clock) {
    this.#account = account;
    this.#clock = clock;
  }

  create(name: string): Secret {
    if (this.#secrets.has(name)) {
      throw new SecretsManagerError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    const now = this.#clock.now();
    const arn = secretArn(name, this.#account);
    const secret: Secret = { name, arn, createdAt: now, changedAt: now, versions: new Map() };
    this.#secrets.set(name, secret);
    return secret;
  }

  list(): readonly Secret[] {
    return [...this.#secrets.values()];
  }

  /** @param secretId name, ARN, or ARN without its six last characters */
  find(secretId: string): Secret {
    const secret =
      this.#secrets.get(secretId) ??
      this.list().find(({ arn }) => arn === secretId || arn.slice(0, -'-123456'.length) === secretId);
    if (!secret) throw secretNotFound();
    return secret;
  }

  /**
   * Adds a version and moves the staging labels to it; the version that loses AWSCURRENT gets AWSPREVIOUS.
   * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
   */
  put(secret: Secret, value: SecretValue, token: string = randomUUID(), stages: readonly string[] = ['AWSCURRENT']) {
    const existing = secret.versions.get(token);
    if (existing) {
      if (JSON.stringify(existing.value) === JSON.stringify(value)) return existing;
      throw new SecretsManagerError(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${secret.arn}.`,
      );
    }
    const now = this.#clock.now();
    const version: SecretVersion = { versionId: token, value, stages: new Set(), createdAt: now };
    for (const stage of stages) moveStage(secret, stage, version);
    secret.versions.set(token, version);
    secret.changedAt = now;
    return version;
  }

  version(secret: Secret, versionId: string | undefined, versionStage: string | undefined): SecretVersion {
    if (versionId !== undefined) {
      const version = secret.versions.get(versionId);
      if (!version) throw valueNotFound(`VersionId: ${versionId}`);
      if (versionStage === undefined || version.stages.has(versionStage)) return version;
      throw new SecretsManagerError(
        'InvalidRequestException',
        'You provided a VersionStage that is not associated to the provided VersionId.',
      );
    }
    const stage = versionStage ?? 'AWSCURRENT';
    const version = holder(secret, stage);
    if (!version) throw valueNotFound(`staging label: ${stage}`);
    return version;
  }
}

function moveStage(secret: Secret, stage: string, version: SecretVersion): void {
  const loser = holder(secret, stage);
  loser?.stages.delete(stage);
  version.stages.add(stage);
  if (stage === 'AWSCURRENT' && loser) {
    holder(secret, 'AWSPREVIOUS')?.stages.delete('AWSPREVIOUS');
    loser.stages.add('AWSPREVIOUS');
  }
}

function holder(secret: Secret, stage: string): SecretVersion | undefined {
  return [...secret.versions.values()].find(({ stages }) => stages.has(stage));
}
