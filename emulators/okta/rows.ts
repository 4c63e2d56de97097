import type { Kit } from '../kit.ts';
import type { OktaApp, OktaGroup, OktaIdp, OktaRoleAssignment, OktaUser } from '../world.ts';
import type { OktaView } from './view.ts';

/** JSON texts of Okta's records. Strings, because big listings repeat them many thousand times. */
export class OktaRows {
  readonly #view: OktaView;
  readonly #url: () => string;
  readonly #cached: Kit['cached'];
  readonly #planted: string;

  /** `planted`: a secret that some answers contain, as the real ones do. */
  constructor(view: OktaView, options: { url: Kit['url']; cached: Kit['cached']; planted: string }) {
    this.#view = view;
    this.#url = options.url;
    this.#cached = options.cached;
    this.#planted = options.planted;
  }

  user(id: string): string {
    return this.#kept('user rows', id, () => this.#user(this.#view.user(id)));
  }

  #user(user: OktaUser | undefined): string {
    if (user === undefined) return 'null';
    const idp = this.#view.idpOf(user.id);
    const email = { value: user.email, status: user.emailVerified ? 'VERIFIED' : 'UNVERIFIED', type: 'PRIMARY' };
    return JSON.stringify({
      id: user.id,
      status: user.status,
      created: user.created,
      activated: user.activated,
      statusChanged: user.statusChanged,
      lastLogin: user.lastLogin,
      lastUpdated: user.lastUpdated,
      passwordChanged: user.activated,
      type: { id: 'oty1default' },
      profile: {
        login: user.login,
        email: user.email,
        secondEmail: user.secondEmail,
        firstName: user.firstName,
        lastName: user.lastName,
        displayName: user.displayName,
        // These two are plain strings in the document, so an empty one is left out.
        ...(user.employeeNumber === null ? {} : { employeeNumber: user.employeeNumber }),
        ...(user.department === null ? {} : { department: user.department }),
        title: user.title,
        userType: user.userType,
        managerId: user.managerId,
        mobilePhone: null,
      },
      credentials: {
        ...(idp === undefined ? { password: {} } : {}),
        ...(user.emailVerified === null ? {} : { emails: [email] }),
        provider: idp === undefined ? { type: 'OKTA', name: 'OKTA' } : { type: 'FEDERATION', name: idp.name },
      },
      _links: { self: { href: `${this.#url()}/api/v1/users/${user.id}` } },
    });
  }

  group(id: string, withStats = false): string {
    return this.#kept(withStats ? 'group rows with stats' : 'group rows', id, () => {
      const group = this.#view.okta.groups.get(id);
      return group === undefined ? 'null' : this.#group(group, withStats);
    });
  }

  #group(group: OktaGroup, withStats: boolean): string {
    const url = `${this.#url()}/api/v1/groups/${group.id}`;
    const pushes = [...this.#view.okta.apps.values()].flatMap((app) => app.pushes);
    return JSON.stringify({
      id: group.id,
      created: group.created,
      lastUpdated: group.lastUpdated,
      lastMembershipUpdated: group.lastMembershipUpdated,
      objectClass: [group.type === 'APP_GROUP' ? 'okta:windows_security_principal' : 'okta:user_group'],
      type: group.type,
      profile: { name: group.name, description: group.description },
      ...(withStats
        ? {
            _embedded: {
              stats: {
                usersCount: this.#view.members(group).length,
                appsCount: this.#view.appsOfGroup(group.id).length,
                groupPushMappingsCount: pushes.filter((push) => push.sourceGroupId === group.id).length,
                hasAdminPrivlege: this.rolesOf('GROUP', group.id).length > 0,
                _links: { self: { href: `${url}?expand=stats` } },
              },
            },
          }
        : {}),
      _links: {
        logo: [{ name: 'medium', href: 'https://static.okta.example/groups/medium.png', type: 'image/png' }],
        users: { href: `${url}/users` },
        apps: { href: `${url}/apps` },
        ...(group.sourceAppId === null ? {} : { source: { href: `${this.#url()}/api/v1/apps/${group.sourceAppId}` } }),
      },
    });
  }

  app(id: string): string {
    return this.#kept('app rows', id, () => {
      const app = this.#view.okta.apps.get(id);
      return app === undefined ? 'null' : JSON.stringify(this.appObject(app));
    });
  }

  appObject(app: OktaApp): Record<string, unknown> {
    const url = this.#url();
    const isOidc = app.signOnMode === 'OPENID_CONNECT';
    const { domain, orgId } = this.#view.okta;
    return {
      id: app.id,
      orn: `orn:okta:idp:${orgId}:apps:${app.name}:${app.id}`,
      name: app.name,
      label: app.label,
      status: app.status,
      lastUpdated: app.lastUpdated,
      created: app.created,
      accessibility: { selfService: false },
      visibility: {
        autoLaunch: false,
        autoSubmitToolbar: false,
        hide: { iOS: false, web: false },
        appLinks: { [`${app.name}_link`]: true },
      },
      features: app.pushes.length > 0 ? ['GROUP_PUSH', 'PUSH_NEW_USERS'] : [],
      signOnMode: app.signOnMode,
      credentials: {
        userNameTemplate: { template: '${source.login}', type: 'BUILT_IN' },
        signing: {},
        ...(isOidc && app.clientId !== null
          ? {
              oauthClient: {
                autoKeyRotation: true,
                client_id: app.clientId,
                token_endpoint_auth_method: 'client_secret_basic',
                pkce_required: true,
              },
            }
          : {}),
      },
      settings: settingsOf(app),
      _links: {
        self: { href: `${url}/api/v1/apps/${app.id}` },
        users: { href: `${url}/api/v1/apps/${app.id}/users` },
        groups: { href: `${url}/api/v1/apps/${app.id}/groups` },
        appLinks: [
          {
            name: `${app.name}_link`,
            href: `https://${domain}/home/${app.name}/${app.id}/aln${app.id.slice(3)}`,
            type: 'text/html',
          },
        ],
        logo: app.logoUrl === null ? [] : [{ name: 'medium', href: app.logoUrl, type: 'image/png' }],
      },
    };
  }

  appUser(app: OktaApp, userId: string): string {
    const user = this.#view.user(userId);
    const group = this.#view.appUsers(app).get(userId) ?? null;
    const row = app.appUsers.get(userId);
    const url = this.#url();
    // Hundreds of thousands of these: only what may need escaping goes through JSON.stringify.
    const name = JSON.stringify(row?.userName ?? user?.login ?? '');
    const externalId = row?.externalId ? `"externalId":${JSON.stringify(row.externalId)},` : '';
    const groupName = group === null ? '' : JSON.stringify(this.#view.okta.groups.get(group)?.name ?? '');
    const groupLink = group === null ? '' : `,"group":{"name":${groupName},"href":"${url}/api/v1/groups/${group}"}`;
    const sync = externalId === '' ? 'DISABLED' : 'SYNCHRONIZED';
    const status = externalId === '' ? 'ACTIVE' : 'PROVISIONED';
    return `{"id":"${userId}",${externalId}"created":"${app.created}","lastUpdated":"${app.lastUpdated}","scope":"${group === null ? 'USER' : 'GROUP'}","status":"${status}","statusChanged":"${app.lastUpdated}","passwordChanged":null,"syncState":"${sync}","credentials":{"userName":${name}},"profile":{"email":${JSON.stringify(user?.email ?? null)},"apiKey":"${this.#planted}"},"_links":{"app":{"href":"${url}/api/v1/apps/${app.id}"},"user":{"href":"${url}/api/v1/users/${userId}"}${groupLink}}}`;
  }

  appGroup(app: OktaApp, groupId: string): string {
    const url = `${this.#url()}/api/v1`;
    return JSON.stringify({
      id: groupId,
      lastUpdated: app.lastUpdated,
      priority: [...app.groups].indexOf(groupId),
      profile: {},
      _links: {
        app: { href: `${url}/apps/${app.id}` },
        self: { href: `${url}/apps/${app.id}/groups/${groupId}` },
        group: { href: `${url}/groups/${groupId}` },
      },
    });
  }

  rolesOf(type: 'USER' | 'GROUP', id: string): readonly OktaRoleAssignment[] {
    const all = this.#cached('role assignments', () => {
      const map = new Map<string, OktaRoleAssignment[]>();
      for (const assignment of this.#view.okta.roleAssignments.values()) {
        const key = `${assignment.assignee.type} ${assignment.assignee.id}`;
        map.set(key, [...(map.get(key) ?? []), assignment]);
      }
      return map;
    });
    return all.get(`${type} ${id}`) ?? [];
  }

  role(assignment: OktaRoleAssignment): string {
    const { type, id } = assignment.assignee;
    const kind = type === 'USER' ? 'users' : 'groups';
    return JSON.stringify({
      id: assignment.id,
      label: assignment.label,
      type: assignment.type,
      status: 'ACTIVE',
      created: assignment.created,
      lastUpdated: assignment.created,
      assignmentType: type,
      ...(assignment.customRoleId === null ? {} : { role: assignment.customRoleId }),
      ...(assignment.resourceSetId === null ? {} : { 'resource-set': assignment.resourceSetId }),
      _links: { assignee: { href: `${this.#url()}/api/v1/${kind}/${id}` } },
    });
  }

  idp(idp: OktaIdp): string {
    const isSaml = idp.type === 'SAML2';
    return JSON.stringify({
      id: idp.id,
      name: idp.name,
      type: idp.type,
      status: 'ACTIVE',
      created: '2025-01-01T00:00:00.000Z',
      lastUpdated: '2025-01-01T00:00:00.000Z',
      protocol: isSaml
        ? {
            type: 'SAML2',
            endpoints: {
              sso: { url: idp.ssoUrl, binding: 'HTTP-POST', destination: idp.ssoUrl },
              acs: { binding: 'HTTP-POST', type: 'INSTANCE' },
            },
            credentials: {
              trust: { issuer: idp.issuer, audience: `https://${this.#view.okta.domain}/${idp.id}`, kid: 'key-1' },
            },
          }
        : {
            type: 'OIDC',
            endpoints: {
              authorization: { url: idp.ssoUrl, binding: 'HTTP-REDIRECT' },
              token: { url: `${idp.issuer}/token`, binding: 'HTTP-POST' },
            },
            issuer: { url: idp.issuer },
            scopes: ['openid', 'email', 'profile'],
            credentials: {
              client: { client_id: `client-${idp.id}`, client_secret: this.#planted },
            },
          },
      policy: { accountLink: { action: 'AUTO' }, provisioning: { action: 'AUTO' }, maxClockSkew: 0 },
    });
  }

  idpUser(idp: OktaIdp, userId: string): string {
    return JSON.stringify({
      id: userId,
      externalId: idp.users.get(userId) ?? '',
      created: '2025-01-01T00:00:00.000Z',
      lastUpdated: '2025-01-01T00:00:00.000Z',
      profile: { accessKey: this.#planted, subjectNameId: idp.users.get(userId) ?? '' },
    });
  }

  #kept(table: string, id: string, compute: () => string): string {
    const rows = this.#cached(table, () => new Map<string, string>());
    let row = rows.get(id);
    if (row === undefined) {
      row = compute();
      rows.set(id, row);
    }
    return row;
  }
}

function settingsOf(app: OktaApp): Record<string, unknown> {
  if (app.signOnMode === 'OPENID_CONNECT') {
    return {
      oauthClient: {
        redirect_uris: app.redirectUris,
        response_types: ['code'],
        grant_types: ['authorization_code'],
        application_type: 'web',
        issuer_mode: 'ORG_URL',
      },
    };
  }
  if (app.signOnMode === 'SAML_2_0') {
    return {
      app: {},
      signOn: {
        ssoAcsUrl: app.ssoAcsUrl,
        audience: app.audience,
        recipient: app.ssoAcsUrl,
        destination: app.ssoAcsUrl,
        attributeStatements: [],
      },
    };
  }
  return { app: app.signOnMode === 'BOOKMARK' ? { requestIntegration: false, url: 'https://links.example/' } : {} };
}
