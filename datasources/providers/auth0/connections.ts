import type { UpstreamClaim } from '../../../src/domain/properties.ts';
import type { NodeDraft, Syncer } from '../../../src/ports/provider.ts';
import type { ConnectionsByName, KnownConnection } from './account.ts';
import type { Auth0Client } from './client.ts';
import { orNull } from './errors.ts';
import { checkpointList, childList, readCheckpoints } from './lists.ts';
import { type ConnectionPayload, clientRef, connectionPayload } from './payloads.ts';

/** Auth0 gives up to this many clients of a connection at once. */
const CLIENTS_TAKE = 1000;

/** A connection: the group of everybody who logs in through it. */
export function connectionNode(connection: ConnectionPayload): NodeDraft<'Group'> {
  return {
    kind: 'Group',
    nativeId: connection.id,
    name: connection.display_name || connection.name || connection.id,
    properties: {
      type: 'CONNECTION',
      description: connection.display_name ? connection.name : undefined,
      upstream: upstreamOf(connection),
    },
  };
}

/** What the connection claims about where its people come from. Whether it is true is the linker's business. */
function upstreamOf(connection: ConnectionPayload): UpstreamClaim {
  const { options } = connection;
  const issuer = options?.issuer || undefined;
  const signInUrl = options?.signInEndpoint || undefined;
  return {
    strategy: connection.strategy ?? 'unknown',
    domain: host(options?.domain || options?.tenant_domain || options?.adfs_server || issuer || signInUrl),
    issuer,
    clientId: options?.client_id || undefined,
    signInUrl,
  };
}

function host(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  try {
    return new URL(value.includes('://') ? value : `https://${value}`).hostname || undefined;
  } catch {
    return undefined;
  }
}

function fields(withOptions: boolean): string {
  return ['id', 'name', 'display_name', 'strategy', ...(withOptions ? ['options'] : [])].join(',');
}

/** Query that asks for what is needed, and for options (which may hold secrets) only where they are granted. */
export async function connectionQuery(client: Auth0Client): Promise<{ fields: string; include_fields: boolean }> {
  return { fields: fields(await client.may('read:connections_options')), include_fields: true };
}

/** All connections by name, for what names them. `null` where they may not be read. */
export async function connectionsByName(client: Auth0Client, signal: AbortSignal): Promise<ConnectionsByName> {
  if (!(await client.may('read:connections'))) return null;
  const query = { fields: fields(false), include_fields: true };
  const rows = await orNull(() =>
    readCheckpoints(client, { path: '/connections', key: 'connections', row: connectionPayload, query, signal }),
  );
  return rows && new Map(rows.map((row): [string, KnownConnection] => [row.name, { id: row.id }]));
}

export function connectionSyncers(client: Auth0Client): readonly Syncer[] {
  return [
    {
      name: 'connections',
      title: 'connections',
      nodes: ['Group'],
      links: [],
      requires: ['read:connections'],
      async *list(context) {
        await client.demand('read:connections');
        const query = await connectionQuery(client);
        yield* checkpointList(
          client,
          context,
          { path: '/connections', key: 'connections', row: connectionPayload, query },
          (rows) => ({ nodes: rows.map(connectionNode) }),
        );
      },
    },
    {
      name: 'connection-clients',
      title: 'applications of connections',
      nodes: [],
      links: ['ASSIGNED_TO'],
      requires: ['read:connections'],
      after: ['connections'],
      async *list(context) {
        await client.demand('read:connections');
        yield* childList(client, context, {
          parents: context.ids('connections', 'Group'),
          read: (parent, from) =>
            client.checkpointPage(
              {
                path: `/connections/${encodeURIComponent(parent)}/clients`,
                key: 'clients',
                row: clientRef,
                take: CLIENTS_TAKE,
                signal: context.signal,
              },
              from,
            ),
          toDrafts: (parent, rows) => ({
            links: rows.map((row) => ({
              from: { kind: 'Group', nativeId: parent },
              kind: 'ASSIGNED_TO',
              to: { kind: 'Application', nativeId: row.client_id },
              properties: { basis: 'CONNECTION' },
            })),
          }),
        });
      },
    },
  ];
}
