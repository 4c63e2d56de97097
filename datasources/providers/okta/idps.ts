import { compact } from '../../../src/domain/graph.ts';
import type { FederatedSubject, GroupProperties, UpstreamClaim } from '../../../src/domain/properties.ts';
import type { NodeDraft, Syncer } from '../../../src/ports/provider.ts';
import type { OktaClient } from './client.ts';
import { hostNamed } from './hosts.ts';
import { idpSchema, idpUserSchema, type OktaIdp } from './payloads.ts';
import { isRefusal, nextOf, type OktaReading, oktaSyncer } from './reading.ts';

const IDPS = { path: '/api/v1/idps', query: { limit: 200 } } as const;

/** An inbound identity provider, as the group of those who enter through it; `upstream` says whom Okta trusts. */
export function toIdentityProvider(idp: OktaIdp): NodeDraft<'Group'> {
  const properties: GroupProperties & { status?: string | undefined; entityId?: string | undefined } = {
    type: 'IDENTITY_PROVIDER',
    createdAt: idp.created ?? undefined,
    status: idp.status ?? undefined,
    entityId: idp.protocol?.credentials?.trust?.issuer ?? undefined,
    upstream: claimOf(idp),
  };
  return { kind: 'Group', nativeId: idp.id, name: idp.name || idp.id, properties: compact(properties) };
}

/**
 * OIDC trusts an issuer. SAML trusts a certificate under a name anybody may choose, so only the log-in page that Okta
 * sends people to says who it is; the name stays out of the claim.
 */
function claimOf(idp: OktaIdp): UpstreamClaim {
  const { protocol } = idp;
  const strategy = idp.type.toLowerCase();
  if (idp.type === 'SAML2') return { strategy, signInUrl: protocol?.endpoints?.sso?.url ?? undefined };
  const issuer = protocol?.issuer?.url ?? undefined;
  return {
    strategy,
    issuer,
    domain: hostNamed(issuer ?? protocol?.endpoints?.authorization?.url) ?? undefined,
    clientId: protocol?.credentials?.client?.client_id ?? undefined,
  };
}

/** OIDC subjects are the upstream's own ids, SAML NameIDs are mostly log-in names or addresses. */
export function toSubject(idp: { readonly id: string; readonly type: string }, externalId: string): FederatedSubject {
  return { connectionId: idp.id, subject: externalId, subjectType: idp.type === 'SAML2' ? 'nameId' : 'id' };
}

/** User id → subjects at all inbound identity providers. Empty when they may not be read. */
export async function readSubjects(client: OktaClient): Promise<ReadonlyMap<string, readonly FederatedSubject[]>> {
  const subjects = new Map<string, FederatedSubject[]>();
  const idps = await client.all((start) => client.page(start, idpSchema), IDPS.path, IDPS.query);
  for (const idp of idps) {
    const path = `/api/v1/idps/${encodeURIComponent(idp.id)}/users`;
    for (const user of await client.all((start) => client.page(start, idpUserSchema), path, { limit: 200 })) {
      if (!user.externalId) continue;
      const subject = toSubject(idp, user.externalId);
      const list = subjects.get(user.id);
      if (list === undefined) subjects.set(user.id, [subject]);
      else list.push(subject);
    }
  }
  return subjects;
}

export function idpsSyncer(reading: OktaReading): Syncer {
  return oktaSyncer(reading, {
    name: 'idps',
    title: 'inbound identity providers',
    nodes: ['Group'],
    links: [],
    requires: ['okta.idps.read'],
    async *read({ cursor }, client) {
      const next = nextOf(cursor);
      for await (const page of client.pages(
        (start) => client.page(start, idpSchema),
        next === null ? IDPS : { next },
      )) {
        yield {
          nodes: page.rows.map(toIdentityProvider),
          links: [],
          cursor: page.next === null ? null : { next: page.next },
          rows: page.rows.length,
        };
      }
    },
  });
}

/** Subjects of one user, for a live read. */
export async function readSubjectsOf(client: OktaClient, userId: string): Promise<readonly FederatedSubject[]> {
  const user = encodeURIComponent(userId);
  try {
    const idps = await client.all((start) => client.page(start, idpSchema), `/api/v1/users/${user}/idps`);
    const found = await Promise.all(
      idps.map(async (idp) => {
        const path = `/api/v1/idps/${encodeURIComponent(idp.id)}/users/${user}`;
        const link = await client.find(path, idpUserSchema);
        return link?.externalId ? toSubject(idp, link.externalId) : null;
      }),
    );
    return found.filter((subject) => subject !== null);
  } catch (error) {
    if (isRefusal(error)) return [];
    throw error;
  }
}
