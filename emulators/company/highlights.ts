import type { Truth, World } from '../world.ts';

/** Ids worth showing, and the ones tests ask about. All are native ids of their provider, unless a name says otherwise. */
export interface CompanyHighlights {
  /** Has accounts in all four providers, with groups, roles, organisations and applications in each that has them. */
  readonly person: {
    readonly truthId: string;
    readonly displayName: string;
    readonly email: string;
    readonly employeeNumber: string;
    /** `<provider>/Account/<nativeId>`, all of them. */
    readonly accountKeys: readonly string[];
    readonly oktaUserId: string;
    readonly jumpcloudUserId: string;
    readonly jumpcloudAdminId: string;
    /** Entered through Okta, and by password. */
    readonly auth0FederatedUserId: string;
    readonly auth0DatabaseUserId: string;
    readonly torqUserId: string;
  };
  /**
   * That person's one way to an API: account in Okta → group → application that signs into Auth0 → account there →
   * role → permission → API. Take the group from the application (or the person from the group) and it is gone.
   */
  readonly path: {
    readonly oktaUserId: string;
    readonly oktaGroupId: string;
    readonly oktaAppId: string;
    readonly auth0ConnectionId: string;
    readonly auth0UserId: string;
    readonly auth0RoleId: string;
    readonly permission: string;
    readonly apiIdentifier: string;
    /** Id of the resource server. */
    readonly apiId: string;
    /** `<api identifier>|<permission>` */
    readonly permissionNativeId: string;
  };
  /** Left the company: gone or suspended in Okta, with a live local account in Torq. */
  readonly leaver: { readonly truthId: string; readonly oktaUserId: string; readonly torqUserId: string };
  /** A connection that only claims to be Okta, one account behind it, and whose Okta id that account bears. */
  readonly forged: { readonly connectionId: string; readonly auth0UserId: string; readonly victimOktaUserId: string };
  /** The Okta application with the most people. */
  readonly biggestOktaAppId: string;
}

const ROLE = 'Payment Releaser';

function found<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`the company has no ${what}`);
  return value;
}

const nativeIds = (keys: readonly string[], provider: string): string[] =>
  keys.filter((key) => key.startsWith(`${provider}/Account/`)).map((key) => key.slice(provider.length + 9));

/** @throws Error when the world was changed so far that a highlight is not there any more */
export function companyHighlights(world: World, truth: Truth): CompanyHighlights {
  const { okta, auth0, jumpcloud } = world;
  const told = found(
    truth.people.find((one) => one.tags.includes('showcase')),
    'showcase',
  );
  const [oktaUserId] = nativeIds(told.accounts, 'okta');
  const user = found(okta.users.get(oktaUserId ?? ''), 'showcase in Okta');
  const inJumpCloud = nativeIds(told.accounts, 'jumpcloud');
  const inAuth0 = nativeIds(told.accounts, 'auth0');
  const federated = found(
    inAuth0.find((id) => id.startsWith('okta|')),
    'federated showcase',
  );
  const connection = found(
    [...auth0.connections.values()].find((one) => one.options['domain'] === okta.domain),
    'connection to Okta',
  );
  const app = found(
    [...okta.apps.values()].find((one) => one.clientId === connection.options['client_id']),
    'application for Auth0',
  );
  const groups = [...app.groups].filter((id) => okta.groups.get(id)?.members.has(user.id));
  const role = found(
    [...auth0.roles.values()].find((one) => one.name === ROLE && one.users.has(federated)),
    'role of the showcase',
  );
  const permission = found(role.permissions[0], 'permission');
  const api = found(
    [...auth0.resourceServers.values()].find((one) => one.identifier === permission.resourceServer),
    'API',
  );
  const forged = found(
    [...auth0.connections.values()].find((one) => one.name === 'okta' && one.strategy === 'oidc'),
    'forged connection',
  );
  const forgedUserId = found(
    [...auth0.users.keys()].find((id) => id.startsWith('oidc|okta|')),
    'forged account',
  );
  return {
    person: {
      truthId: told.id,
      displayName: told.displayName,
      email: user.email,
      employeeNumber: found(user.employeeNumber, 'employee number'),
      accountKeys: told.accounts,
      oktaUserId: user.id,
      jumpcloudUserId: found(
        inJumpCloud.find((id) => jumpcloud.users.has(id)),
        'showcase in JumpCloud',
      ),
      jumpcloudAdminId: found(
        inJumpCloud.find((id) => jumpcloud.admins.has(id)),
        'showcase among administrators',
      ),
      auth0FederatedUserId: federated,
      auth0DatabaseUserId: found(
        inAuth0.find((id) => id.startsWith('auth0|')),
        'showcase with a password',
      ),
      torqUserId: found(nativeIds(told.accounts, 'torq')[0], 'showcase in Torq'),
    },
    path: {
      oktaUserId: user.id,
      oktaGroupId: found(groups[0], 'group of the showcase'),
      oktaAppId: app.id,
      auth0ConnectionId: connection.id,
      auth0UserId: federated,
      auth0RoleId: role.id,
      permission: permission.name,
      apiIdentifier: api.identifier,
      apiId: api.id,
      permissionNativeId: `${api.identifier}|${permission.name}`,
    },
    leaver: leaverOf(world, truth),
    forged: {
      connectionId: forged.id,
      auth0UserId: forgedUserId,
      victimOktaUserId: forgedUserId.slice('oidc|okta|'.length),
    },
    biggestOktaAppId: biggestOktaApp(world),
  };
}

function leaverOf(world: World, truth: Truth): CompanyHighlights['leaver'] {
  for (const person of truth.people) {
    if (!person.tags.includes('leaver')) continue;
    const [oktaUserId] = nativeIds(person.accounts, 'okta');
    const torqUserId = nativeIds(person.accounts, 'torq').find(
      (id) => world.torq.users.get(id)?.ssoProvision === false,
    );
    if (oktaUserId !== undefined && torqUserId !== undefined) return { truthId: person.id, oktaUserId, torqUserId };
  }
  throw new Error('the company has no leaver with a live account');
}

function biggestOktaApp({ okta }: World): string {
  const everyone = [...okta.users.values()].filter((user) => user.status !== 'DEPROVISIONED').length;
  let best = { id: '', size: -1 };
  for (const app of okta.apps.values()) {
    if (app.status !== 'ACTIVE') continue;
    const sizes = [...app.groups].map((id) => {
      const group = okta.groups.get(id);
      return group?.type === 'BUILT_IN' ? everyone : (group?.members.size ?? 0);
    });
    const size = Math.max(0, ...sizes) + app.users.size;
    if (size > best.size) best = { id: app.id, size };
  }
  return best.id;
}
