import type { z } from 'zod';
import { LinkFlag } from '../../../src/domain/flags.ts';
import type { LinkDraft, NodeDraft, Syncer } from '../../../src/ports/provider.ts';
import { type Auth0Client, OFFSET_CEILING } from './client.ts';
import { orNull } from './errors.ts';
import { checkpointList, childList, offsetList, readCheckpoints, stableOffsetList, syncPage } from './lists.ts';
import {
  CLIENT_FIELDS,
  type ClientPayload,
  clientGrantPayload,
  clientPayload,
  consentPayload,
  resourceServerPayload,
} from './payloads.ts';

/** What a machine may do with an API on its own. */
export interface MachineGrant {
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly allScopes?: boolean;
}

type ResourceServer = z.output<typeof resourceServerPayload>;
type Consent = z.output<typeof consentPayload>;

export const CLIENT_QUERY = { fields: CLIENT_FIELDS.join(','), include_fields: true } as const;

/** An application that people or machines log in to. */
export function clientNode(
  client: ClientPayload,
  grants: readonly MachineGrant[] | undefined,
): NodeDraft<'Application'> {
  const type = clientType(client.app_type ?? undefined);
  return {
    kind: 'Application',
    nativeId: client.client_id,
    name: client.name || client.client_id,
    properties: {
      type,
      catalogName: client.app_type || undefined,
      description: client.description || undefined,
      // Auth0 knows no switched-off application.
      active: true,
      logoUrl: client.logo_uri || undefined,
      signOn: {
        mode: type === 'M2M' ? undefined : 'OIDC',
        clientId: client.client_id,
        redirectUris: client.callbacks && client.callbacks.length > 0 ? client.callbacks : undefined,
      },
      isFirstParty: client.is_first_party ?? undefined,
      grantTypes: client.grant_types ?? undefined,
      machineGrants: grants?.map((grant) => ({ ...grant })),
    },
  };
}

function clientType(appType: string | undefined): string {
  if (appType === 'non_interactive') return 'M2M';
  if (appType === undefined || /^(?:native|spa|regular_web|resource_server)$/.test(appType)) return 'OIDC';
  return 'SSO_INTEGRATION';
}

/** Native id of a permission: values are unique only within their API. */
export function permissionId(identifier: string, value: string): string {
  return `${identifier}|${value}`;
}

/** An API with its permissions. */
export function serverDrafts(server: ResourceServer): { nodes: NodeDraft[]; links: LinkDraft[] } {
  const api: NodeDraft<'Application'> = {
    kind: 'Application',
    nativeId: server.id,
    name: server.name || server.identifier,
    properties: {
      type: 'API',
      active: true,
      audience: server.identifier,
      catalogName: server.is_system === true ? 'system' : undefined,
    },
  };
  const scopes = server.scopes ?? [];
  return {
    nodes: [
      api,
      ...scopes.map(
        (scope): NodeDraft<'Permission'> => ({
          kind: 'Permission',
          nativeId: permissionId(server.identifier, scope.value),
          name: scope.value,
          properties: { value: scope.value, description: scope.description || undefined, audience: server.identifier },
        }),
      ),
    ],
    links: scopes.map((scope) => ({
      from: { kind: 'Permission', nativeId: permissionId(server.identifier, scope.value) },
      kind: 'PERMITS',
      to: { kind: 'Application', nativeId: server.id },
    })),
  };
}

function consentLink(consent: Consent): LinkDraft {
  return {
    from: { kind: 'Account', nativeId: consent.user_id },
    kind: 'ASSIGNED_TO',
    to: { kind: 'Application', nativeId: consent.clientID },
    qualifier: consent.audience ?? '',
    flags: LinkFlag.EVIDENCE,
    properties: { basis: 'CONSENT', audience: consent.audience ?? undefined, scopes: consent.scope ?? undefined },
  };
}

/** All machine grants by client; `undefined` where they may not be read. */
export async function machineGrants(
  client: Auth0Client,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly MachineGrant[]> | undefined> {
  if (!(await client.may('read:client_grants'))) return undefined;
  const rows = await orNull(() =>
    readCheckpoints(client, { path: '/client-grants', key: 'client_grants', row: clientGrantPayload, signal }),
  );
  if (rows === null) return undefined;
  const found = new Map<string, MachineGrant[]>();
  for (const row of rows) {
    const grants = found.get(row.client_id) ?? [];
    grants.push({
      audience: row.audience ?? '',
      scopes: [...(row.scope ?? [])].sort(),
      ...(row.allow_all_scopes ? { allScopes: true } : {}),
    });
    found.set(row.client_id, grants);
  }
  for (const grants of found.values()) grants.sort((a, b) => (a.audience < b.audience ? -1 : 1));
  return found;
}

export function applicationSyncers(client: Auth0Client): readonly Syncer[] {
  return [
    {
      name: 'clients',
      title: 'applications',
      nodes: ['Application'],
      links: [],
      requires: ['read:clients'],
      async *list(context) {
        await client.demand('read:clients');
        const grants = await machineGrants(client, context.signal);
        yield* checkpointList(
          client,
          context,
          { path: '/clients', key: 'clients', row: clientPayload, query: { ...CLIENT_QUERY, is_global: false } },
          (rows) => ({
            nodes: rows.filter((row) => row.global !== true).map((row) => clientNode(row, grants?.get(row.client_id))),
          }),
        );
      },
    },
    {
      name: 'resource-servers',
      title: 'APIs and their permissions',
      nodes: ['Application', 'Permission'],
      links: ['PERMITS'],
      requires: ['read:resource_servers'],
      async *list(context) {
        await client.demand('read:resource_servers');
        yield* offsetList(
          client,
          context,
          { path: '/resource-servers', key: 'resource_servers', row: resourceServerPayload },
          (row) => row.id,
          (rows) => {
            const all = rows.map(serverDrafts);
            return { nodes: all.flatMap((one) => one.nodes), links: all.flatMap((one) => one.links) };
          },
        );
      },
    },
    {
      name: 'consents',
      title: 'consents',
      nodes: [],
      links: ['ASSIGNED_TO'],
      requires: ['read:grants'],
      after: ['clients'],
      async *list(context) {
        await client.demand('read:grants');
        const request = { path: '/grants', key: 'grants', row: consentPayload, signal: context.signal };
        const readOf = (query: Record<string, string>) =>
          stableOffsetList(client, { ...request, query }, (row) => row.id);
        if (context.cursor === null) {
          const { total } = await client.offsetPage({ ...request, take: 1 }, 0);
          if (total !== undefined && total <= OFFSET_CEILING) {
            const all = await readOf({});
            yield syncPage({ links: all.rows.map(consentLink) }, all.rows.length, null, all.incomplete);
            return;
          }
        }
        // More than offsets reach: client by client.
        yield* childList(client, context, {
          parents: context.ids('clients', 'Application'),
          read: async (parent) => ({ ...(await readOf({ client_id: parent })), next: null }),
          toDrafts: (_parent, rows) => ({ links: rows.map(consentLink) }),
        });
      },
    },
  ];
}
