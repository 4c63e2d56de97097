import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { RefusedAnswer } from '../../http/client.ts';
import { pathTemplate } from '../../http/path-template.ts';

const apiError = z.looseObject({ errorCode: z.string(), errorId: z.string().optional() });
const tokenError = z.looseObject({ error: z.string() });

/** What stands for the second gate beside scopes: the roles of whoever owns the credentials. */
export const ADMIN_PERMISSION = 'administrator role with permission to read it';

/** Makes Okta's errors speak: which of the two gates (scope, admin role) is shut, or which code it was. `null`: nothing special. */
export function classifyOkta(connector: string): (answer: RefusedAnswer) => AppError | null {
  return (answer) => {
    const parsed = apiError.safeParse(answer.body);
    const errorCode = parsed.success && /^E\d{7}$/.test(parsed.data.errorCode) ? parsed.data.errorCode : undefined;
    const path = pathTemplate(answer.path);
    const details = {
      path,
      status: answer.status,
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(parsed.success && /^[\w-]{1,64}$/.test(parsed.data.errorId ?? '') ? { errorId: parsed.data.errorId } : {}),
    };
    const because = errorCode === undefined ? `${answer.status}` : `${answer.status} ${errorCode}`;
    const make = (code: string, message: string, more: object = {}): AppError =>
      new AppError(code, `${connector}: ${message}`, { connector, details: { ...details, ...more } });

    if (answer.status === 401 && errorCode === 'E0000015') {
      return make(
        UPSTREAM_CODES.NOT_AVAILABLE,
        `GET ${path} belongs to a feature that this org does not have (${because}).`,
      );
    }
    if (answer.status === 401) {
      return make(
        UPSTREAM_CODES.UNAUTHORIZED,
        `Okta refused the credentials (${because}). The token is revoked or expired, or its owner was deactivated: enter new credentials.`,
      );
    }
    if (answer.status === 403) {
      const scope = /\bscope="([^"]{1,200})"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1];
      const missing = scope === undefined ? [ADMIN_PERMISSION] : scope.split(' ');
      const advice =
        scope === undefined
          ? 'Give the owner of the credentials an administrator role that may read it.'
          : `Grant the scope ${scope} to the service app.`;
      return make(UPSTREAM_CODES.FORBIDDEN, `GET ${path} is not permitted (${because}). ${advice}`, { missing });
    }
    if (errorCode === 'E0000022') {
      return make(UPSTREAM_CODES.NOT_AVAILABLE, `GET ${path} does not exist in this org (${because}).`);
    }
    return null;
  };
}

/** Errors of the token endpoint; `details.error` is OAuth's word for it. */
export function classifyToken(connector: string): (answer: RefusedAnswer) => AppError | null {
  return (answer) => {
    const parsed = tokenError.safeParse(answer.body);
    if (!parsed.success || !/^[a-z_]{1,40}$/.test(parsed.data.error)) return null;
    const { error } = parsed.data;
    const make = (code: string, message: string): AppError =>
      new AppError(code, `${connector}: ${message} (${error})`, { connector, details: { error } });
    switch (error) {
      case 'invalid_client':
        return make(
          UPSTREAM_CODES.UNAUTHORIZED,
          'Okta does not accept the service app. Check the client id, that the public key is registered under this key id, and the clock of this machine.',
        );
      case 'consent_required':
      case 'access_denied':
        return make(
          UPSTREAM_CODES.MISCONFIGURED,
          'None of the requested scopes is granted to the service app. Grant them under "Okta API Scopes".',
        );
      case 'invalid_scope':
        return make(UPSTREAM_CODES.MISCONFIGURED, 'Okta does not know one of the requested scopes. Correct "scopes".');
      case 'unauthorized_client':
      case 'unsupported_grant_type':
        return make(
          UPSTREAM_CODES.MISCONFIGURED,
          'The app is of the wrong type. Create an "API Services" app with public key authentication.',
        );
      default:
        return null;
    }
  };
}
