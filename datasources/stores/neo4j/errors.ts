import { AppError } from '../../../src/domain/errors.ts';

interface Place {
  readonly uri: string;
  readonly database: string;
}

/**
 * What Neo4j says when the database is not there although the server may be: it is starting or stopping, or has
 * stopped itself after a critical error and fails whatever is asked. Measured on 5.26.
 */
const DATABASE_GONE: ReadonlySet<string> = new Set([
  'Neo.TransientError.General.DatabaseUnavailable',
  'Neo.TransientError.Database.DatabaseUnavailable',
  'Neo.DatabaseError.Transaction.TransactionStartFailed',
]);

/** The driver's own: no connection, or one that broke. It has no code for "no connection became free in time". */
const LINE_GONE: ReadonlySet<string> = new Set(['ServiceUnavailable', 'SessionExpired', 'N/A']);

/** True when the next call would fail too: the server or its database is not there. */
export function isGone(error: unknown): boolean {
  const code = codeOf(error);
  return DATABASE_GONE.has(code) || (LINE_GONE.has(code) && !speaksHttp(error));
}

/** What Neo4j says to a user whom it does not let in, whatever is asked. */
const NOT_LET_IN: ReadonlySet<string> = new Set([
  'Neo.ClientError.Security.Unauthorized',
  'Neo.ClientError.Security.CredentialsExpired',
  'Neo.ClientError.Security.TokenExpired',
  'Neo.ClientError.Security.AuthenticationRateLimit',
]);

/** True when the server is there, and lets in nobody with this user and password. */
export function isShutOut(error: unknown): boolean {
  return NOT_LET_IN.has(codeOf(error));
}

/** The last is for a transaction that waited for a lock. */
const TIMED_OUT: ReadonlySet<string> = new Set([
  'Neo.ClientError.Transaction.TransactionTimedOut',
  'Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration',
  'Neo.ClientError.Transaction.LockClientStopped',
]);

/** True for a {@link storeError} that the server's time limit for the transaction has caused. */
export function isTimedOut(error: unknown): boolean {
  return error instanceof AppError && TIMED_OUT.has(codeOf(error.cause));
}

/** What the driver would say if it had a limit for answers. */
export function noAnswer(ms: number): Error {
  return Object.assign(new Error(`no answer within ${ms} ms`), { code: 'ServiceUnavailable' });
}

/**
 * A failure of the driver or the server as the store's error. What is an AppError already passes through. Messages
 * name the server and Neo4j's own code, never a statement, a value or a password.
 */
export function storeError(error: unknown, { uri, database }: Place): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const unavailable = (message: string): AppError =>
    new AppError('STORE_UNAVAILABLE', message, { retryable: true, cause: error });
  if (hasNoRoom(error) || code === 'Neo.DatabaseError.Transaction.TransactionLogError') {
    return new AppError(
      'STORE_FULL',
      `Neo4j at ${uri} cannot write its log (${code}): most often its disk is full. Free some space and restart the server; nothing half-written stays.`,
      { retryable: true, cause: error },
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
  if (LINE_GONE.has(code)) {
    if (!speaksHttp(error))
      return unavailable(`Neo4j at ${uri} does not answer${reasonOf(error)}. ${whatToCheck(uri)}`);
    return new AppError(
      'STORE_UNAVAILABLE',
      `What answers at ${uri} speaks HTTP, not Bolt. Name Neo4j's Bolt port, which is 7687 unless changed.`,
      { cause: error },
    );
  }
  switch (code) {
    case 'Neo.ClientError.Security.Unauthorized':
    case 'Neo.ClientError.Security.CredentialsExpired':
    case 'Neo.ClientError.Security.TokenExpired':
      return new AppError(
        'STORE_UNAUTHORIZED',
        `Neo4j at ${uri} refuses the user name or password (${code}). Check them in the configuration; a fresh server wants its first password changed.`,
        { cause: error },
      );
    case 'Neo.ClientError.Security.AuthenticationRateLimit':
      // Also for who knows the password, when somebody else did not: it passes.
      return unavailable(
        `Neo4j at ${uri} lets this user in again only after a pause: a wrong password was sent several times. Look for a program that has an old one.`,
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
    case 'Neo.DatabaseError.Transaction.TransactionStartFailed':
      return unavailable(
        `The database ${database} of Neo4j at ${uri} has stopped after a critical error, often a full disk. Its own log says which; mend it and restart the server.`,
      );
    default:
  }
  if (TIMED_OUT.has(code)) {
    return unavailable(`Neo4j at ${uri} took too long for this (${code}); try again, or ask for less.`);
  }
  if (code.startsWith('Neo.TransientError.') || isRetryable(error)) {
    return unavailable(`Neo4j at ${uri} cannot do this now (${code}); try again.`);
  }
  return new AppError('STORE_UNAVAILABLE', `Neo4j at ${uri} failed (${code}).`, {
    audience: 'developer',
    cause: error,
  });
}

/** What a person looks at first, by the kind of address. */
function whatToCheck(uri: string): string {
  const scheme = uri.slice(0, uri.indexOf(':'));
  const tls = scheme.includes('+s')
    ? 'and whether the server has TLS: without it the address begins with bolt://'
    : 'and whether the server wants TLS: then the scheme ends in +s';
  const routing = scheme.startsWith('neo4j') ? ' For a single server use bolt:// in place of neo4j://.' : '';
  return `Check that it runs, the address, ${tls}.${routing}`;
}

/** The operating system's word for it, if the driver passed one on: `ECONNREFUSED`. */
function reasonOf(error: unknown): string {
  const word = error instanceof Error ? /\bE[A-Z]{4,}[A-Z_]*\b/.exec(error.message)?.[0] : undefined;
  return word === undefined ? '' : ` (${word})`;
}

function speaksHttp(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Server responded HTTP');
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
