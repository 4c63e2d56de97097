import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import { baseUrl, isLoopback } from '../../http/base-url.ts';

const HOSTS = {
  us: { auth: 'https://auth.torq.io', api: 'https://api.torq.io', shown: 'https://app.torq.io' },
  eu: { auth: 'https://auth.eu.torq.io', api: 'https://api.eu.torq.io', shown: 'https://app.eu.torq.io' },
} as const;

/** `us`, `EU`, or the address people sign in at. */
function regionIn(pasted: string): string {
  const text = pasted.trim().toLowerCase();
  const host = /(?:^|\/\/)(?:app\.|api\.|auth\.)?(?:([a-z]{2})\.)?torq\.io(?:[/:]|$)/.exec(text);
  return host === null ? text : (host[1] ?? 'us');
}

const torqHost = z
  .string()
  .trim()
  .toLowerCase()
  .transform((pasted) => pasted.replace(/^https:\/\//, '').replace(/\/.*$/, ''))
  .pipe(z.string().regex(/^(?:[a-z0-9-]+\.)+torq\.io$/, 'must be a host below torq.io'));

/** A host of Torq alone would claim what signs into any workspace. */
const NOT_JUST_TORQ = /^(?!(?:https?:\/\/)?(?:[a-z0-9-]+\.)*torq\.io(?::\d+)?$)/;

export const torqSettings = z.strictObject({
  region: z
    .string()
    .default('us')
    .transform(regionIn)
    .pipe(z.enum(['us', 'eu']))
    .describe('Deployment region: us or eu. The address of the workspace is accepted as well.'),
  clientId: z.string().trim().min(1).max(512).describe('Client id of an API key; a service key outlives people.'),
  clientSecret: z.string().trim().min(1).max(4096).describe('Client secret of the API key.'),
  workspaceId: z
    .string()
    .trim()
    .min(1)
    .max(128)
    .optional()
    .describe('Workspace id. Needed only for a key without the Owner role, which cannot find it out by itself.'),
  workspaceName: z.string().trim().min(1).max(256).optional().describe('What the workspace is called.'),
  ownSignInUrls: z
    .array(
      z
        .string()
        .max(2048)
        .transform((pasted) => pasted.trim().toLowerCase().replace(/\/+$/, ''))
        .pipe(z.string().min(1).regex(NOT_JUST_TORQ, 'must name this workspace, not a host that all workspaces share')),
    )
    .max(50)
    .default([])
    .describe(
      "The workspace's own SAML addresses (ACS URL, audience), from its SSO page: an application of another provider that names one of them signs people in here.",
    ),
  authHost: torqHost.optional().describe('Host of the token endpoint, for a region that is not listed.'),
  apiHost: torqHost.optional().describe('Host of the API, for a region that is not listed.'),
  baseUrl: z.string().optional().describe('For tests: a stand-in on this machine in place of Torq.'),
});

export type TorqSettings = z.output<typeof torqSettings>;

export interface TorqHosts {
  readonly auth: string;
  readonly api: string;
  /** Where people sign in. */
  readonly shown: string;
}

/** @throws AppError `UPSTREAM_MISCONFIGURED` for an override that is not this machine, or not allowed here */
export function hostsOf(settings: TorqSettings, allowLoopback: boolean): TorqHosts {
  const hosts = HOSTS[settings.region];
  if (settings.baseUrl === undefined) {
    return {
      auth: settings.authHost === undefined ? hosts.auth : `https://${settings.authHost}`,
      api: settings.apiHost === undefined ? hosts.api : `https://${settings.apiHost}`,
      shown: hosts.shown,
    };
  }
  const url = allowLoopback ? baseUrl(settings.baseUrl, { allowLoopback }) : null;
  if (url === null || !isLoopback(url)) {
    throw new AppError(
      UPSTREAM_CODES.MISCONFIGURED,
      'Torq: baseUrl is for tests on this machine only; choose the region instead.',
    );
  }
  return { auth: `${url.origin}/auth`, api: `${url.origin}/api`, shown: hosts.shown };
}
