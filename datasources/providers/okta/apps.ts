import { LinkFlag, NodeFlag } from '../../../src/domain/flags.ts';
import { compact } from '../../../src/domain/graph.ts';
import type { ApplicationProperties, AssignmentProperties, SignOn } from '../../../src/domain/properties.ts';
import type { LinkDraft, NodeDraft, Syncer } from '../../../src/ports/provider.ts';
import { childListings } from './children.ts';
import type { OktaClient } from './client.ts';
import { appSchema, appUserSchema, idSchema, type OktaApp, type OktaAppUser, pushSchema } from './payloads.ts';
import { idInLink, isRefusal, nextOf, type OktaReading, oktaSyncer } from './reading.ts';

const TYPES: Readonly<Record<string, string>> = {
  SAML_2_0: 'SAML',
  SAML_1_1: 'SAML',
  OPENID_CONNECT: 'OIDC',
  WS_FEDERATION: 'WS_FEDERATION',
  BOOKMARK: 'BOOKMARK',
  AUTO_LOGIN: 'SWA',
  BASIC_AUTH: 'SWA',
  BROWSER_PLUGIN: 'SWA',
  SECURE_PASSWORD_STORE: 'SWA',
};
const DIRECTORIES = /^(?:active_directory|ldap_|ldap$)/;
/** Okta's own: admin console, dashboard, browser plug-in. */
const SYSTEM = new Set(['saasure', 'okta_enduser', 'okta_browser_plugin']);

/** An application with what it says about where it signs people in. */
export function toApplication(app: OktaApp): NodeDraft<'Application'> {
  const isActive = app.status === 'ACTIVE';
  const link = app._links?.appLinks?.[0]?.href;
  const properties: ApplicationProperties & { features?: readonly string[] | undefined; system?: boolean | undefined } =
    {
      type: typeOf(app),
      label: app.label ?? undefined,
      catalogName: app.name ?? undefined,
      status: app.status ?? undefined,
      active: app.status == null ? null : isActive,
      logoUrl: app._links?.logo?.[0]?.href,
      url: link,
      signOn: signOnOf(app, link),
      createdAt: app.created ?? undefined,
      features: app.features ?? undefined,
      system: SYSTEM.has(app.name ?? '') ? true : undefined,
    };
  return {
    kind: 'Application',
    nativeId: app.id,
    name: app.label || app.name || app.id,
    flags: app.status == null || isActive ? 0 : NodeFlag.INACTIVE,
    properties: compact(properties),
  };
}

function typeOf(app: OktaApp): string {
  if (app.settings?.oauthClient?.application_type === 'service') return 'M2M';
  if (DIRECTORIES.test(app.name ?? '')) return 'DIRECTORY';
  return TYPES[app.signOnMode ?? ''] ?? app.signOnMode ?? 'OTHER';
}

function signOnOf(app: OktaApp, link: string | undefined): SignOn | undefined {
  if (app.signOnMode == null || app.signOnMode === 'BOOKMARK') return undefined;
  const { signOn, app: own, oauthClient } = app.settings ?? {};
  return {
    mode: app.signOnMode,
    clientId: app.credentials?.oauthClient?.client_id ?? undefined,
    redirectUris: oauthClient?.redirect_uris ?? undefined,
    acsUrl: signOn?.ssoAcsUrl ?? own?.acsUrl ?? own?.acsURL ?? undefined,
    audience: signOn?.audience ?? own?.audience ?? undefined,
    ssoUrl: link,
  };
}

export function appsSyncer(reading: OktaReading): Syncer {
  return oktaSyncer(reading, {
    name: 'apps',
    title: 'applications',
    nodes: ['Application'],
    links: [],
    requires: ['okta.apps.read'],
    async *read({ cursor }, client) {
      const next = nextOf(cursor);
      const start = next === null ? { path: '/api/v1/apps', query: { limit: 200 } } : { next };
      for await (const page of client.pages((at) => client.page(at, appSchema), start)) {
        const rows = page.rows.filter((app) => app.status !== 'DELETED');
        yield {
          nodes: rows.map(toApplication),
          links: [],
          cursor: page.next === null ? null : { next: page.next },
          rows: page.rows.length,
        };
      }
    },
  });
}

const path = (app: string, rest: string): string => `/api/v1/apps/${encodeURIComponent(app)}/${rest}`;

export function appGroupsSyncer(reading: OktaReading): Syncer {
  return oktaSyncer(reading, {
    name: 'app-groups',
    title: 'groups of applications',
    nodes: [],
    links: ['ASSIGNED_TO'],
    requires: ['okta.apps.read'],
    after: ['apps'],
    async *read({ cursor, ids }, client) {
      const batches = childListings({
        client,
        cursor,
        parents: ids('apps', 'Application'),
        start: (app) => ({ path: path(app, 'groups'), query: { limit: 200 } }),
        read: (start) => client.page(start, idSchema),
      });
      for await (const batch of batches) {
        const links = batch.parts.flatMap(({ parent, rows }) => rows.map(({ id }) => groupAssignment(id, parent)));
        yield { nodes: [], links, cursor: batch.cursor, rows: batch.rows };
      }
    },
  });
}

export function groupAssignment(group: string, app: string): LinkDraft {
  return {
    from: { kind: 'Group', nativeId: group },
    kind: 'ASSIGNED_TO',
    to: { kind: 'Application', nativeId: app },
  };
}

/** Statuses of an app user that let the person in; the rest is shown, not walked. */
const USABLE = new Set(['ACTIVE', 'PROVISIONED', 'APPROVED', 'IMPLICIT']);

/**
 * One person in one application. What a group brought is evidence (access ends with the group's own link), unless
 * groups of applications cannot be read: then it is all there is, and is walked.
 * @returns `null` for an imported row that belongs to nobody
 */
export function toAssignment(row: OktaAppUser, app: string, groupsReadable: boolean): LinkDraft | null {
  if (!row.id) return null;
  const isByGroup = row.scope === 'GROUP';
  const properties: AssignmentProperties = {
    basis: isByGroup ? (groupsReadable ? 'GROUP' : 'GROUP_UNREADABLE') : 'DIRECT',
    viaGroup: isByGroup ? (idInLink(row._links?.group?.href, 'groups') ?? undefined) : undefined,
    appUserName: row.credentials?.userName || undefined,
    appExternalId: row.externalId || undefined,
    nativeStatus: row.status ?? undefined,
  };
  const isUsable = row.status == null || USABLE.has(row.status);
  return {
    from: { kind: 'Account', nativeId: row.id },
    kind: 'ASSIGNED_TO',
    to: { kind: 'Application', nativeId: app },
    flags: (isByGroup && groupsReadable ? LinkFlag.DERIVED : 0) | (isUsable ? 0 : LinkFlag.INACTIVE),
    properties: compact(properties),
  };
}

/** One question to the first application; in Okta the answer is the same for all. */
async function areGroupsReadable(client: OktaClient, app: string | undefined): Promise<boolean> {
  if (app === undefined) return true;
  try {
    await client.find(path(app, 'groups'), idSchema.array(), { limit: 20 });
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

export function appUsersSyncer(reading: OktaReading): Syncer {
  return oktaSyncer(reading, {
    name: 'app-users',
    title: 'people in applications',
    nodes: [],
    links: ['ASSIGNED_TO'],
    requires: ['okta.apps.read'],
    after: ['apps'],
    async *read({ cursor, ids }, client) {
      const parents = ids('apps', 'Application');
      const groupsReadable = await areGroupsReadable(client, parents[0]);
      const batches = childListings({
        client,
        cursor,
        parents,
        start: (app) => ({ path: path(app, 'users'), query: { limit: 500 } }),
        read: (start) => client.page(start, appUserSchema),
      });
      for await (const batch of batches) {
        const links = batch.parts.flatMap(({ parent, rows }) =>
          rows.map((row) => toAssignment(row, parent, groupsReadable)).filter((link) => link !== null),
        );
        yield { nodes: [], links, cursor: batch.cursor, rows: batch.rows };
      }
    },
  });
}

export function pushesSyncer(reading: OktaReading): Syncer {
  return oktaSyncer(reading, {
    name: 'group-pushes',
    title: 'pushed groups',
    nodes: [],
    links: ['PUSHES_TO'],
    requires: ['okta.apps.read', 'okta.groups.read'],
    after: ['apps'],
    async *read({ cursor, ids, node }, client) {
      const parents: string[] = [];
      for (const id of ids('apps', 'Application')) {
        const features = (await node('Application', id))?.properties['features'];
        // Only where pushing is switched on, or where the application does not say.
        if (!Array.isArray(features) || features.includes('GROUP_PUSH')) parents.push(id);
      }
      const batches = childListings({
        client,
        cursor,
        parents,
        start: (app) => ({ path: path(app, 'group-push/mappings'), query: { limit: 1000 } }),
        read: (start) => client.page(start, pushSchema),
      });
      for await (const batch of batches) {
        const links: LinkDraft[] = [];
        for (const { parent, rows } of batch.parts) {
          for (const { sourceGroupId, targetGroupId, status } of rows) {
            if (!sourceGroupId || !targetGroupId) continue;
            links.push({
              from: { kind: 'Group', nativeId: sourceGroupId },
              kind: 'PUSHES_TO',
              to: { kind: 'Group', nativeId: targetGroupId },
              qualifier: parent,
              flags: status == null || status === 'ACTIVE' ? 0 : LinkFlag.INACTIVE,
              properties: compact({ application: parent, nativeStatus: status ?? undefined }),
            });
          }
        }
        yield { nodes: [], links, cursor: batch.cursor, rows: batch.rows };
      }
    },
  });
}
