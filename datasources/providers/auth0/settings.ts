import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import { baseUrl, isLoopback } from '../../http/base-url.ts';

const CANONICAL = /(?:^|\.)auth0\.com$/;

/** What an admin enters. The two ways to authenticate exclude each other. */
export const auth0Settings = z
  .strictObject({
    domain: z
      .string()
      .min(1)
      .describe(
        'Tenant domain as Auth0 shows it (acme.eu.auth0.com); a URL, the API Audience or a custom domain will do as well.',
      ),
    audience: z
      .string()
      .min(1)
      .optional()
      .describe(
        'API Audience of the "Auth0 Management API" or the canonical tenant domain; needed only when the domain is a custom one.',
      ),
    clientId: z.string().trim().min(1).describe('Client id of a machine-to-machine application.'),
    clientSecret: z.string().min(1).optional().describe('Its client secret; or give a private key instead.'),
    privateKey: z.string().min(1).optional().describe('PKCS#8 PEM of its key (private_key_jwt, RS256).'),
    keyId: z.string().min(1).optional().describe('Key id (kid) of that key.'),
    exportAbove: z
      .number()
      .int()
      .min(0)
      .default(5000)
      .describe('Tenants with more users than this are read by an export job instead of searches.'),
    directPermissions: z
      .boolean()
      .default(false)
      .describe('Also list permissions given to users directly. Costs one request per user.'),
    baseUrl: z.string().optional().describe('Tests and demo only: a loopback address to call in place of the domain.'),
  })
  .refine((settings) => (settings.clientSecret === undefined) !== (settings.privateKey === undefined), {
    error: 'Give either clientSecret or privateKey.',
    path: ['clientSecret'],
  });

export type Auth0Settings = z.output<typeof auth0Settings>;

/** Where to call and which API to ask for. */
export interface Auth0Address {
  /** Origin of every request. */
  readonly origin: string;
  /** Host that was entered, canonical when that could be told. */
  readonly host: string;
  /** Canonical host of the tenant: the audience's. */
  readonly canonicalHost: string;
  /** `https://<canonical host>/api/v2/` */
  readonly audience: string;
  /** True when the audience was guessed from a host that may be a custom domain. */
  readonly isGuess: boolean;
}

/**
 * Makes sense of what was pasted. A canonical host (`*.auth0.com`) in either field beats a custom domain: a gateway
 * gains nothing from a custom one.
 * @throws AppError `UPSTREAM_MISCONFIGURED`
 */
export function resolveAddress(settings: Auth0Settings, allowLoopback: boolean): Auth0Address {
  const host = hostOf(settings.domain);
  const named = settings.audience === undefined ? null : hostOf(settings.audience);
  if (named !== null && CANONICAL.test(host) && named !== host) {
    throw misconfigured('The domain and the audience name two different Auth0 tenants. Leave the audience empty.');
  }
  const canonicalHost = named ?? host;
  const called = CANONICAL.test(canonicalHost) ? canonicalHost : host;
  return {
    origin: settings.baseUrl === undefined ? `https://${called}` : loopback(settings.baseUrl, allowLoopback),
    host: called,
    canonicalHost,
    audience: `https://${canonicalHost}/api/v2/`,
    isGuess: named === null && !CANONICAL.test(host),
  };
}

function hostOf(pasted: string): string {
  const url = baseUrl(pasted, { allowLoopback: false });
  if (url.port !== '') throw misconfigured('The domain must not name a port.');
  return url.hostname.toLowerCase();
}

function loopback(pasted: string, allowLoopback: boolean): string {
  const url = baseUrl(pasted, { allowLoopback });
  if (!allowLoopback || !isLoopback(url)) {
    throw misconfigured('"baseUrl" is for tests on a loopback address. Remove it from the settings.');
  }
  return url.origin;
}

/** Settings that cannot work; the message goes to the admin who entered them. */
export function misconfigured(message: string, connector?: string): AppError {
  return new AppError(UPSTREAM_CODES.MISCONFIGURED, message, connector === undefined ? {} : { connector });
}
