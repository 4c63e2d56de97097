import { AppError } from '../../../src/domain/errors.ts';

/**
 * A failure of the driver or the server as the store's error. What is an AppError already passes through. Messages
 * name the server and Neo4j's own code, never a statement, a value or a password.
 */
export function storeError(error: unknown, { uri, database }: { uri: string; database: string }): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const unavailable = (message: string): AppError =>
    new AppError('STORE_UNAVAILABLE', message, { retryable: true, cause: error });
  if (hasNoRoom(error)) {
    return new AppError(
      'STORE_FULL',
      `Neo4j at ${uri} has no disk space left. Free some; nothing half-written stays.`,
      {
        retryable: true,
        cause: error,
      },
    );
  }
  const distrust = whyNotTrusted(error);
  if (distrust !== null) {
    return new AppError(
      'STORE_UNAVAILABLE',
      `The certificate of Neo4j at ${uri} is not trusted (${distrust}). Name the authority that signed it in NODE_EXTRA_CA_CERTS; +ssc instead of +s trusts any certificate, and anybody in between.`,
      { cause: error },
    );
  }
  switch (code) {
    case 'Neo.ClientError.Security.Unauthorized':
    case 'Neo.ClientError.Security.CredentialsExpired':
    case 'Neo.ClientError.Security.TokenExpired':
    case 'Neo.ClientError.Security.AuthenticationRateLimit':
      return new AppError(
        'STORE_UNAUTHORIZED',
        `Neo4j at ${uri} refuses the user name or password (${code}). Check them in the configuration; a fresh server wants its first password changed.`,
        { cause: error },
      );
    case 'Neo.ClientError.Security.Forbidden':
      return new AppError(
        'STORE_UNAUTHORIZED',
        `The user of Neo4j at ${uri} may not do this in the database ${database}. Give it the rights to read, write and make indexes and constraints.`,
        { cause: error },
      );
    case 'Neo.ClientError.Database.DatabaseNotFound':
      return new AppError(
        'STORE_DATABASE_MISSING',
        `Neo4j at ${uri} has no database ${database}. Name one that is there; Community has the one called neo4j.`,
        { cause: error },
      );
    case 'Neo.ClientError.Cluster.NotALeader':
    case 'Neo.ClientError.General.ForbiddenOnReadOnlyDatabase':
    case 'Neo.ClientError.General.WriteOnReadOnlyAccessDatabase':
      return unavailable(
        `Neo4j at ${uri} only reads now (${code}). In a cluster use a neo4j:// address, which finds the member that writes.`,
      );
    case 'ServiceUnavailable':
    case 'SessionExpired':
      return unavailable(`Neo4j at ${uri} does not answer. Check that it runs, the address and whether it needs +s.`);
    default:
  }
  if (code.startsWith('Neo.TransientError.') || isRetryable(error)) {
    return unavailable(`Neo4j at ${uri} cannot do this now (${code}); try again.`);
  }
  return new AppError('STORE_UNAVAILABLE', `Neo4j at ${uri} failed (${code}).`, {
    audience: 'developer',
    cause: error,
  });
}

export function closedError(): AppError {
  return new AppError('STORE_CLOSED', 'The store is closed.', { audience: 'developer' });
}

/** A change set that cannot mean anything: its writer's mistake. Nothing of it was written. */
export function invalidChange(message: string): AppError {
  return new AppError('CHANGE_INVALID', message, { audience: 'developer' });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true;
}

/** Neo4j has no code for a full disk: the words of the operating system come through in a message somewhere below. */
function hasNoRoom(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (/no space left|disk (?:is )?full|not enough (?:disk )?space/i.test(at.message)) return true;
  }
  return false;
}

/** OpenSSL's or Node's word for what is wrong with the certificate; the driver hands it on in its message only. */
function whyNotTrusted(error: unknown): string | null {
  if (!(error instanceof Error) || codeOf(error) !== 'ServiceUnavailable') return null;
  return /\b(?=[A-Z_]*CERT|UNABLE_TO_VERIFY)[A-Z]+(?:_[A-Z]+)+$/.exec(error.message.trim())?.[0] ?? null;
}
