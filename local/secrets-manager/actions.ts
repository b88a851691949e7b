import * as v from 'valibot';
import { SecretsManagerError } from './errors.ts';
import type { Secret, SecretStore, SecretValue, SecretVersion } from './store.ts';

const secretValue = { SecretString: v.optional(v.string()), SecretBinary: v.optional(v.string()) };
const token = v.optional(v.pipe(v.string(), v.minLength(32), v.maxLength(64)));

const createSecret = v.object({
  Name: v.pipe(v.string(), v.minLength(1)),
  Description: v.optional(v.string()),
  ClientRequestToken: token,
  ...secretValue,
});
const secretId = v.object({ SecretId: v.string() });
const getSecretValue = v.object({
  SecretId: v.string(),
  VersionId: v.optional(v.string()),
  VersionStage: v.optional(v.string()),
});
const putSecretValue = v.object({
  SecretId: v.string(),
  ClientRequestToken: token,
  VersionStages: v.optional(v.array(v.string())),
  ...secretValue,
});
const updateSecret = v.object({
  SecretId: v.string(),
  Description: v.optional(v.string()),
  ClientRequestToken: token,
  ...secretValue,
});

type Action = (input: unknown, store: SecretStore) => object;

/**
 * The actions of the API that the system and its operators use.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
 */
export const actions: Readonly<Record<string, Action>> = {
  CreateSecret: (input, store) => {
    const { Name, Description, ClientRequestToken, ...rest } = parse(createSecret, input);
    const value = givenValue(rest);
    const secret = store.create(Name);
    if (Description !== undefined) secret.description = Description;
    const version = value && store.put(secret, value, ClientRequestToken);
    return { ...named(secret), ...(version && { VersionId: version.versionId }) };
  },
  GetSecretValue: (input, store) => {
    const { SecretId, VersionId, VersionStage } = parse(getSecretValue, input);
    const secret = store.find(SecretId);
    const version = store.version(secret, VersionId, VersionStage);
    return {
      ...versioned(secret, version),
      SecretString: version.value.secretString,
      SecretBinary: version.value.secretBinary,
      CreatedDate: version.createdAt / 1000,
    };
  },
  PutSecretValue: (input, store) => {
    const { SecretId, ClientRequestToken, VersionStages, ...rest } = parse(putSecretValue, input);
    const secret = store.find(SecretId);
    const value = givenValue(rest);
    if (!value) throw new SecretsManagerError('InvalidRequestException', 'You must provide a secret value.');
    return versioned(secret, store.put(secret, value, ClientRequestToken, VersionStages));
  },
  UpdateSecret: (input, store) => {
    const { SecretId, Description, ClientRequestToken, ...rest } = parse(updateSecret, input);
    const secret = store.find(SecretId);
    if (Description !== undefined) secret.description = Description;
    const value = givenValue(rest);
    const version = value && store.put(secret, value, ClientRequestToken);
    return { ...named(secret), ...(version && { VersionId: version.versionId }) };
  },
  DescribeSecret: (input, store) => description(store.find(parse(secretId, input).SecretId), 'VersionIdsToStages'),
  ListSecrets: (_input, store) => ({
    SecretList: store.list().map((secret) => description(secret, 'SecretVersionsToStages')),
  }),
};

function parse<Schema extends v.GenericSchema>(schema: Schema, input: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new SecretsManagerError('ValidationException', `${v.getDotPath(issue) ?? 'request'}: ${issue.message}`);
}

function givenValue(given: { SecretString?: string | undefined; SecretBinary?: string | undefined }) {
  const { SecretString: secretString, SecretBinary: secretBinary } = given;
  if (secretString !== undefined) return { secretString } satisfies SecretValue;
  return secretBinary === undefined ? undefined : ({ secretBinary } satisfies SecretValue);
}

function named(secret: Secret) {
  return { ARN: secret.arn, Name: secret.name };
}

function versioned(secret: Secret, version: SecretVersion) {
  return { ...named(secret), VersionId: version.versionId, VersionStages: [...version.stages] };
}

function description(secret: Secret, stagesField: string) {
  // The service forgets versions without a staging label, and leaves the field out when there is no version.
  const staged = [...secret.versions.values()].filter(({ stages }) => stages.size > 0);
  const stages = Object.fromEntries(staged.map((version) => [version.versionId, [...version.stages]]));
  return {
    ...named(secret),
    Description: secret.description,
    CreatedDate: secret.createdAt / 1000,
    LastChangedDate: secret.changedAt / 1000,
    ...(staged.length > 0 && { [stagesField]: stages }),
  };
}
