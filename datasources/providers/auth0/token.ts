import { randomUUID } from 'node:crypto';
import { importPKCS8, SignJWT } from 'jose';
import { z } from 'zod';
import type { AppError } from '../../../src/domain/errors.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { HttpClient, RefusedAnswer } from '../../http/client.ts';
import type { IssuedToken } from '../../http/token.ts';
import { type Auth0Address, type Auth0Settings, misconfigured } from './settings.ts';

/** Path of the one POST that every session sends. */
export const TOKEN_PATH = '/oauth/token';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const DEFAULT_LIFE_SECONDS = 3600;

const tokenAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().nullish(),
  scope: z.string().nullish(),
});
const claims = z.looseObject({ scope: z.string().optional() });

export interface Auth0Token {
  readonly value: string;
  /** What was really granted; `null` when neither the answer nor the token says. */
  readonly scopes: ReadonlySet<string> | null;
}

export interface TokenRequest {
  readonly http: HttpClient;
  readonly settings: Auth0Settings;
  readonly address: Auth0Address;
  readonly clock: Clock;
  readonly connector: string;
  classify(answer: RefusedAnswer): AppError | null;
}

/**
 * Asks for a Management API token, with the secret or a fresh assertion signed by the key.
 * @throws AppError `UPSTREAM_UNAUTHORIZED`, `UPSTREAM_MISCONFIGURED`, …
 */
export async function issueToken(request: TokenRequest): Promise<IssuedToken<Auth0Token>> {
  const { http, settings, address, clock, connector } = request;
  const { body } = await http.post({
    path: TOKEN_PATH,
    schema: tokenAnswer,
    anonymous: true,
    classify: request.classify,
    form: async () => ({
      grant_type: 'client_credentials',
      client_id: settings.clientId,
      audience: address.audience,
      ...(settings.clientSecret !== undefined
        ? { client_secret: settings.clientSecret }
        : {
            client_assertion_type: ASSERTION_TYPE,
            client_assertion: await assertion(settings, address, clock, connector),
          }),
    }),
  });
  const scope = body.scope ?? scopeClaim(body.access_token);
  return {
    value: {
      value: body.access_token,
      scopes: scope === null ? null : new Set(scope.split(/\s+/).filter((one) => one !== '')),
    },
    expiresAtMs: clock.now() + (body.expires_in ?? DEFAULT_LIFE_SECONDS) * 1000,
  };
}

async function assertion(
  settings: Auth0Settings,
  address: Auth0Address,
  clock: Clock,
  connector: string,
): Promise<string> {
  let key: Awaited<ReturnType<typeof importPKCS8>>;
  try {
    key = await importPKCS8(settings.privateKey ?? '', 'RS256');
  } catch {
    // The cause could repeat parts of the key.
    throw misconfigured(
      `${connector}: the private key cannot be read. It must be an RSA key as PKCS#8 PEM.`,
      connector,
    );
  }
  const now = Math.floor(clock.now() / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', ...(settings.keyId === undefined ? {} : { kid: settings.keyId }) })
    .setIssuer(settings.clientId)
    .setSubject(settings.clientId)
    .setAudience(`https://${address.host}/`)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + 60)
    .sign(key);
}

function scopeClaim(token: string): string | null {
  const payload = token.split('.')[1];
  if (payload === undefined) return null;
  try {
    const parsed = claims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    return parsed.success ? (parsed.data.scope ?? null) : null;
  } catch {
    return null;
  }
}
