import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { AppError } from '../domain/errors.ts';

/** Codes that graphql-js's own errors get, as Apollo Server names them. */
const USER_CODES: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'OPERATION_RESOLUTION_FAILURE',
  'QUERY_TOO_LARGE',
]);

const MASKED = 'Something failed inside Crosswalk; its log names this request.';

/**
 * The ONE place where errors become public: an AppError keeps its message, code, connector and whether a retry helps;
 * what graphql-js says about the document stays; everything else becomes `INTERNAL` without a word of what it was.
 * @param formatted  as Apollo or graphql-js would send it
 * @param error      what was thrown
 */
export function publicError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const place = {
    ...(formatted.locations ? { locations: formatted.locations } : {}),
    ...(formatted.path ? { path: formatted.path } : {}),
  };
  const app = appErrorOf(error);
  if (app !== null) {
    const { code, connector, retryable, details } = app;
    return {
      message: app.message,
      ...place,
      extensions: { code, retryable, ...(connector ? { connector } : {}), ...(details ? { details } : {}) },
    };
  }
  if (isAboutTheRequest(formatted, error)) {
    const code = formatted.extensions?.['code'];
    return {
      message: formatted.message,
      ...place,
      extensions: { code: USER_CODES.has(code) ? code : 'BAD_USER_INPUT', retryable: false },
    };
  }
  return { message: MASKED, ...place, extensions: { code: 'INTERNAL', retryable: false } };
}

/** What has to be in the log, because the caller is not told. Arguments as for {@link publicError}. */
export function isUnexpected(formatted: GraphQLFormattedError, error: unknown): boolean {
  return (
    appErrorOf(error)?.audience === 'developer' || publicError(formatted, error).extensions?.['code'] === 'INTERNAL'
  );
}

function appErrorOf(error: unknown): AppError | null {
  if (error instanceof AppError) return error.code === 'INTERNAL' ? null : error;
  if (error instanceof GraphQLError) return error.originalError === undefined ? null : appErrorOf(error.originalError);
  return null;
}

/** Syntax, validation, variables and arguments; not what failed while a field was resolved or its value was written. */
function isAboutTheRequest(formatted: GraphQLFormattedError, error: unknown): boolean {
  if (formatted.path === undefined) return USER_CODES.has(formatted.extensions?.['code']);
  // graphql-js gives errors about arguments the node of the document; errors about results have none.
  const original = error instanceof GraphQLError ? error.originalError : undefined;
  return original instanceof GraphQLError && original.originalError === undefined && original.nodes !== undefined;
}
