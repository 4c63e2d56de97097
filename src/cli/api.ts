import { ClientError, GraphQLClient } from 'graphql-request';
import { AppError } from '../domain/errors.ts';

/** How a command reaches a running gateway. */
export interface ApiOptions {
  /** Base URL without `/graphql`. */
  readonly url: string;
  readonly key?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Asks a running gateway.
 * @throws AppError `GATEWAY_UNREACHABLE`, or the code that the gateway answered with
 */
export async function ask<T>(options: ApiOptions, document: string, variables: object = {}): Promise<T> {
  const client = new GraphQLClient(`${options.url.replace(/\/+$/, '')}/graphql`, {
    signal: options.signal,
    headers: options.key === undefined ? {} : { authorization: `Bearer ${options.key}` },
  });
  try {
    return await client.request<T>(document, variables);
  } catch (error) {
    if (error instanceof ClientError) {
      const first = error.response.errors?.[0];
      const code = first?.extensions?.['code'];
      throw new AppError(
        typeof code === 'string' ? code : 'GATEWAY_REFUSED',
        first?.message ?? `The gateway at ${options.url} answered with status ${error.response.status}.`,
        { audience: 'user', cause: error },
      );
    }
    throw new AppError(
      'GATEWAY_UNREACHABLE',
      `No gateway answers at ${options.url}. Start one with "npm start", or name another with --url.`,
      { retryable: true, cause: error },
    );
  }
}
