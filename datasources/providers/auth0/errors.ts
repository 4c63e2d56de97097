import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { RefusedAnswer } from '../../http/client.ts';
import { type Auth0Address, misconfigured } from './settings.ts';

const apiError = z.looseObject({ message: z.string().optional(), errorCode: z.string().optional() });
const oauthError = z.looseObject({ error: z.string().optional(), error_description: z.string().optional() });
const SCOPE = /^[a-z]+:[a-z_]+$/;

/**
 * Scopes named in a 403 of the Management API: `Insufficient scope, expected any of: read:a,read:b`.
 * @returns empty when the text is of another kind
 */
export function scopesIn(message: string): readonly string[] {
  const at = message.toLowerCase().lastIndexOf('expected');
  const colon = at < 0 ? -1 : message.indexOf(':', at);
  if (colon < 0) return [];
  return message
    .slice(colon + 1)
    .split(/[\s,]+/)
    .filter((word) => SCOPE.test(word));
}

/** The connector's own reading of a refused Management API answer; `null` leaves it to the default. */
export function classifyApi(answer: RefusedAnswer, connector: string): AppError | null {
  const parsed = apiError.safeParse(answer.body);
  const { message = '', errorCode } = parsed.success ? parsed.data : {};
  const options = { connector, details: { status: answer.status, ...(errorCode ? { errorCode } : {}) } };
  if (answer.status === 403) {
    const missing = scopesIn(message);
    if (errorCode === 'insufficient_scope' || missing.length > 0) return missingScopes(connector, missing);
    if (errorCode !== undefined) {
      return new AppError(
        UPSTREAM_CODES.NOT_AVAILABLE,
        `${connector}: this Auth0 tenant does not offer the feature (${errorCode}). It may not be part of its plan.`,
        options,
      );
    }
  }
  // A single object that is gone says so; a bare 404 is an endpoint that this tenant does not have (yet).
  if (answer.status === 404 && errorCode?.startsWith('inexistent_') !== true) {
    return new AppError(
      UPSTREAM_CODES.NOT_AVAILABLE,
      `${connector}: this Auth0 tenant does not have the endpoint. Nothing is read from it and nothing is removed.`,
      options,
    );
  }
  return null;
}

export function missingScopes(connector: string, missing: readonly string[]): AppError {
  const named = missing.length === 0 ? 'a scope that it was not granted' : missing.join(', ');
  return new AppError(
    UPSTREAM_CODES.FORBIDDEN,
    `${connector}: the application needs ${named}. Grant it under Applications > APIs > Auth0 Management API.`,
    { connector, details: { missing: [...missing] } },
  );
}

/** What a refused token request means to the admin. */
export function classifyToken(answer: RefusedAnswer, address: Auth0Address, connector: string): AppError | null {
  const parsed = oauthError.safeParse(answer.body);
  const { error = '', error_description: description = '' } = parsed.success ? parsed.data : {};
  if (answer.status === 429 || answer.status >= 500) return null;
  if (/service not (?:enabled|found)/i.test(description)) {
    return misconfigured(
      address.isGuess
        ? `${connector}: ${address.host} seems to be a custom domain. Enter the canonical tenant domain, or the API Audience shown under Applications > APIs > Auth0 Management API.`
        : `${connector}: the audience is not the Management API of this tenant. Copy the API Audience shown under Applications > APIs > Auth0 Management API.`,
      connector,
    );
  }
  if (/not authorized to access|client-grant/i.test(description)) {
    return misconfigured(
      `${connector}: the application is not authorized for the Auth0 Management API. Authorize it under Applications > APIs > Auth0 Management API > Machine to Machine Applications.`,
      connector,
    );
  }
  if (error === 'unauthorized_client') {
    return misconfigured(
      `${connector}: the application may not use client credentials. Use one of type Machine to Machine.`,
      connector,
    );
  }
  if (answer.status === 404) {
    return misconfigured(`${connector}: there is no Auth0 tenant at ${address.host}. Check the domain.`, connector);
  }
  if (answer.status === 401 || error === 'access_denied' || error === 'invalid_client') {
    return new AppError(
      UPSTREAM_CODES.UNAUTHORIZED,
      `${connector}: Auth0 refused the client id or its secret or key. Enter new ones and reconnect.`,
      { connector, details: { status: answer.status } },
    );
  }
  return null;
}

const REFUSALS: readonly string[] = [UPSTREAM_CODES.FORBIDDEN, UPSTREAM_CODES.NOT_AVAILABLE, UPSTREAM_CODES.NOT_FOUND];

/** What `read` gives, or `null` where this token or tenant does not offer it (or it is gone). Other failures pass. */
export async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AppError && REFUSALS.includes(error.code)) return null;
    throw error;
  }
}
