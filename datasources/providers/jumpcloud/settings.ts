import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import { baseUrl, isLoopback } from '../../http/base-url.ts';

/** Hosts of a region, written out: deriving them gets one wrong sooner or later, and a wrong region can be silent. */
const HOSTS = {
  us: { console: 'https://console.jumpcloud.com', oauth: 'https://admin-oauth.id.jumpcloud.com' },
  eu: { console: 'https://console.eu.jumpcloud.com', oauth: 'https://admin-oauth.id.eu.jumpcloud.com' },
  in: { console: 'https://console.in.jumpcloud.com', oauth: 'https://admin-oauth.id.in.jumpcloud.com' },
} as const;

/** `us`, `EU`, `console.eu.jumpcloud.com` or a whole console URL. */
function regionIn(pasted: string): string {
  const text = pasted.trim().toLowerCase();
  const host = /(?:^|\/\/)console\.(?:([a-z]{2})\.)?jumpcloud\.com(?:[/:]|$)/.exec(text);
  return host === null ? text : (host[1] ?? 'us');
}

const secret = () =>
  z
    .string()
    .transform((pasted) => pasted.trim().replace(/^x-api-key:\s*/i, ''))
    .pipe(z.string().min(1).max(4096));

export const jumpCloudSettings = z
  .strictObject({
    region: z
      .string()
      .default('us')
      .transform(regionIn)
      .pipe(z.enum(['us', 'eu', 'in']))
      .describe('Region of the tenant: us, eu or in. The address of the admin console is accepted as well.'),
    apiKey: secret()
      .optional()
      .describe('API key of an administrator or a service account (jca_…, jcs_…); the Read Only role suffices.'),
    clientId: z.string().trim().min(1).max(512).optional().describe('Client id of a service account.'),
    clientSecret: secret().optional().describe('Client secret of a service account.'),
    orgId: z
      .string()
      .trim()
      .toLowerCase()
      .regex(/^[0-9a-f]{24}$/, 'must be the 24 hexadecimal digits of an organisation id')
      .optional()
      .describe('Organisation id; needed only when the credentials see several organisations.'),
    baseUrl: z.string().optional().describe('For tests: a stand-in on this machine in place of JumpCloud.'),
  })
  .superRefine((settings, context) => {
    const hasClient = settings.clientId !== undefined && settings.clientSecret !== undefined;
    const hasHalf = (settings.clientId === undefined) !== (settings.clientSecret === undefined);
    if (hasHalf || hasClient === (settings.apiKey !== undefined)) {
      context.addIssue({ code: 'custom', message: 'give either apiKey, or both clientId and clientSecret' });
    }
  });

export type JumpCloudSettings = z.output<typeof jumpCloudSettings>;

export interface JumpCloudHosts {
  readonly console: string;
  readonly oauth: string;
  /** Where administrators sign in. */
  readonly shown: string;
}

/** @throws AppError `UPSTREAM_MISCONFIGURED` for an override that is not this machine, or not allowed here */
export function hostsOf(settings: JumpCloudSettings, allowLoopback: boolean): JumpCloudHosts {
  const hosts = HOSTS[settings.region];
  if (settings.baseUrl === undefined) return { ...hosts, shown: hosts.console };
  const url = allowLoopback ? baseUrl(settings.baseUrl, { allowLoopback }) : null;
  if (url === null || !isLoopback(url)) {
    throw new AppError(
      UPSTREAM_CODES.MISCONFIGURED,
      'JumpCloud: baseUrl is for tests on this machine only; choose the region instead.',
    );
  }
  return { console: url.origin, oauth: `${url.origin}/admin-oauth`, shown: hosts.console };
}
