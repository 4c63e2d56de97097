import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import { baseUrl } from '../../http/base-url.ts';

/** What an admin enters. An API token and a service app exclude each other. */
export const oktaSettings = z
  .strictObject({
    domain: z
      .string()
      .min(1)
      .describe(
        'Domain of the org (acme.okta.com, a custom domain); a URL or the admin console’s address will do as well.',
      ),
    apiToken: z
      .string()
      .trim()
      .min(1)
      .optional()
      .describe('API token (SSWS). It acts with the admin roles of whoever made it; or give a service app instead.'),
    clientId: z.string().trim().min(1).optional().describe('Client id of an API Services app (recommended).'),
    privateKey: z
      .string()
      .min(1)
      .optional()
      .describe('Its private key: PEM (PKCS#8 or PKCS#1) or JWK. Lost line breaks are repaired.'),
    keyId: z.string().trim().min(1).optional().describe('Key id (kid); needed when the app has several keys.'),
    scopes: z
      .union([z.array(z.string().min(1)), z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean))])
      .optional()
      .describe('Scopes to ask for; default all the connector can use. What is not granted is left out.'),
    resolveManagers: z
      .boolean()
      .default(true)
      .describe('Find the accounts behind managers’ log-in names. Costs one more (short) listing of the users.'),
    partialVisibility: z
      .boolean()
      .default(false)
      .describe(
        'The credentials see a part of the org only (custom admin role on a resource set): never remove anything.',
      ),
    baseUrl: z.string().optional().describe('Tests and demo only: a loopback address to call in place of the domain.'),
  })
  .refine((settings) => (settings.apiToken === undefined) !== (settings.clientId === undefined), {
    error: 'Give either apiToken or clientId with privateKey.',
    path: ['apiToken'],
  })
  .refine((settings) => (settings.clientId === undefined) === (settings.privateKey === undefined), {
    error: 'clientId and privateKey belong together.',
    path: ['privateKey'],
  });

export type OktaSettings = z.output<typeof oktaSettings>;

export interface OktaAddress {
  /** Where requests go. */
  readonly origin: string;
  /** The org's host as configured, without `-admin`. */
  readonly host: string;
}

const ADMIN_HOST = /^([a-z0-9-]+)-admin(\.(?:okta|oktapreview|okta-emea|okta-gov|okta\.mil|trexcloud)(?:\.[a-z]+)?)$/;

/**
 * Makes sense of the pasted domain.
 * @throws AppError `UPSTREAM_MISCONFIGURED`
 */
export function resolveAddress(settings: OktaSettings, allowLoopback: boolean): OktaAddress {
  const url = baseUrl(settings.domain, { allowLoopback });
  const host = url.host.replace(ADMIN_HOST, '$1$2');
  if (settings.baseUrl === undefined) {
    return { origin: url.protocol === 'http:' ? url.origin : `https://${host}`, host };
  }
  const override = baseUrl(settings.baseUrl, { allowLoopback });
  if (!allowLoopback || override.protocol !== 'http:') {
    throw new AppError(
      UPSTREAM_CODES.MISCONFIGURED,
      'baseUrl is for tests and the demo only. Remove it; the domain says where to call.',
    );
  }
  return { origin: override.origin, host };
}
