/** An error of the Secrets Manager API, answered with HTTP 400 and its code in `__type`. */
export class SecretsManagerError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const secretNotFound = () =>
  new SecretsManagerError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");

/** @param what such as `staging label: AWSCURRENT` or `VersionId: …`, in the service's own words */
export const valueNotFound = (what: string) =>
  new SecretsManagerError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${what}`,
  );
