import type { OktaApp, OktaGroup, OktaUser, TorqWorld } from '../world.ts';
import type { Company } from './build.ts';
import { accountKey, COMPANY_NAME, days, iso, NOW, type Person } from './model.ts';

const ROLES: readonly (readonly [name: string, isCustom: boolean, scopes: string])[] = [
  [
    'Owner',
    false,
    'user.read user.write apikey.read apikey.write playbook.write integration.write organizations.write',
  ],
  ['Contributor', false, 'user.read apikey.read playbook.write playbook.execute integration.read step.execute'],
  ['Creator', false, 'playbook.write playbook.execute integration.read step.execute'],
  ['Operator', false, 'playbook.list playbook.get playbook.execute interaction.submit'],
  ['Viewer', false, 'playbook.list playbook.get event.read'],
  ['Interact Only', false, 'interaction.submit'],
  ['Triage Desk', true, 'playbook.list playbook.execute event.read interaction.write'],
];

const SHARES: Readonly<Record<string, number>> = { sec: 0.95, it: 0.7, eng: 0.25, data: 0.15, care: 0.1 };

/**
 * The Torq workspace: mostly people who sign in through Okta, some local accounts, leavers among them.
 * Okta's application carries Torq's user id for three of four.
 */
export function torqWorld(
  company: Company,
  okta: { users: ReadonlyMap<string, OktaUser>; app: OktaApp; group: OktaGroup },
): TorqWorld {
  const random = company.random('torq');
  const roles: TorqWorld['roles'] = new Map();
  for (const [name, isCustom, scopes] of ROLES) {
    const id = random.uuid();
    roles.set(id, { id, name, description: `${name} of the workspace`, scopeNames: scopes.split(' '), isCustom });
  }
  const roleIds = [...roles.keys()];
  const users: TorqWorld['users'] = new Map();
  const invite = (person: Person, i: number): void => {
    const id = random.uuid();
    const account = okta.users.get(person.okta ?? '');
    const isSso =
      person.kind === 'EMPLOYEE' && account !== undefined && (person.tags.has('showcase') || random.chance(0.85));
    const isNew = !isSso && person.kind === 'EMPLOYEE' && random.chance(0.06);
    users.set(id, {
      id,
      email: person.email,
      roleId: roleIds[i < 3 ? 0 : 1 + random.int(roleIds.length - 1)] ?? '',
      status: isNew ? 'INVITATION_SENT' : 'VERIFIED',
      ssoProvision: isSso,
      createdTime: iso(Math.min(NOW, person.hiredAt + days(random.next() * 60))),
      lastLoginTime: isNew ? null : iso(NOW - days(random.next() * 60)),
    });
    person.torq = id;
    const key = accountKey('torq', id);
    company.truth.account(person, { key, slot: 'torq', provenEmails: [person.email] });
    if (!isSso || account === undefined) return;
    okta.group.members.add(account.id);
    const hasExternalId = person.tags.has('showcase') || random.chance(0.75);
    okta.app.appUsers.set(account.id, { userName: account.email, externalId: hasExternalId ? id : null });
    if (hasExternalId) company.truth.tie(key, accountKey('okta', account.id));
  };
  let i = 0;
  for (const person of company.people) {
    if (person.kind === 'CONTRACTOR') continue;
    // A leaver whose local account nobody thought of, whose address may even be somebody else's by now.
    const share =
      person.kind === 'LEAVER'
        ? person.tags.has('recycled-email-before')
          ? 0
          : 0.2
        : (SHARES[person.department.slug] ?? 0.04);
    if (person === company.showcase || random.chance(share)) invite(person, i++);
  }
  const apiKeys: TorqWorld['apiKeys'] = new Map();
  const owners = random.distinct(
    [...users.values()].filter((user) => user.status === 'VERIFIED'),
    4,
  );
  for (const [k, name] of [
    'Gateway',
    'SIEM export',
    'Playbook runner',
    'Laptop of a creator',
    'Test',
    'Old test',
  ].entries()) {
    const owner = k < 2 ? undefined : owners[k - 2];
    const clientId = random.uuid();
    apiKeys.set(clientId, {
      clientId,
      name,
      type: owner === undefined ? 'API_KEY_TYPE_SERVICE' : 'API_KEY_TYPE_PRIVATE',
      roleId: owner?.roleId ?? roleIds[1] ?? '',
      userId: owner?.id ?? null,
      createdTime: iso(NOW - days(300 - 30 * k)),
      lastAuthenticatedTime: k === 5 ? null : iso(NOW - days(k)),
    });
  }
  return {
    workspaceId: company.tenants.torqWorkspaceId,
    workspaceName: `${COMPANY_NAME} Automation`,
    users,
    roles,
    apiKeys,
    claimMappings: ['secops', 'it-desk', 'everyone'].map((claimValue, rank) => ({
      id: random.uuid(),
      claimName: 'groups',
      claimValue,
      roleId: roleIds[rank + 1] ?? '',
      rank: String((rank + 1) * 10),
    })),
  };
}
