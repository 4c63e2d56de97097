import type { OktaRoleAssignment, OktaWorld } from '../../emulators/world.ts';
import type { Expected } from './directory-expected.ts';

const pair = (from: string, to: string): string => `${from} → ${to}`;
const distinct = (items: readonly string[]): string[] => [...new Set(items)];

/** Native id of the role that an assignment gives: its definition, or the definition in its scope. */
function roleId(assignment: OktaRoleAssignment): string {
  const definition = assignment.customRoleId ?? assignment.type;
  const targets = [...assignment.targetGroupIds, ...assignment.targetAppIds].sort();
  const scope = assignment.resourceSetId ?? targets.join('+');
  return scope === '' ? definition : `${definition}@${scope}`;
}

/** Nodes and links of an Okta world, counted from its records alone. */
export function oktaExpected(world: OktaWorld): Expected {
  const { users, groups, apps, idps, customRoles, apiTokens } = world;
  const isHere = (id: string): boolean => users.has(id) && users.get(id)?.status !== 'DEPROVISIONED';
  const everybody = [...users.keys()].filter(isHere);
  const members = new Map(
    [...groups.values()].map((group) => [
      group.id,
      group.type === 'BUILT_IN' ? everybody : [...group.members].filter(isHere),
    ]),
  );
  const assignments = [...world.roleAssignments.values()];
  const held = new Map(assignments.map((one) => [roleId(one), one]));
  const definitions = new Map(
    [...assignments.map((one) => one.customRoleId ?? one.type), ...customRoles.keys()].map((id) => [
      id,
      customRoles.get(id)?.permissions ?? [`okta:${id}`],
    ]),
  );
  const permissions = distinct([...definitions.values()].flat());
  const rolesWithDefinition = new Map([
    ...[...definitions.keys()].map((id) => [id, id] as const),
    ...[...held].map(([id, one]) => [id, one.customRoleId ?? one.type] as const),
  ]);
  return {
    nodes: {
      Account: [...users.keys()],
      Group: [...groups.keys(), ...idps.keys()],
      Application: [...apps.keys()],
      Role: [...rolesWithDefinition.keys()],
      Permission: permissions,
      Credential: [...apiTokens.keys()],
    },
    links: {
      MEMBER_OF: [...members].flatMap(([group, ids]) => ids.map((id) => pair(id, group))),
      ASSIGNED_TO: [...apps.values()].flatMap((app) => [
        ...[...app.groups].map((group) => pair(group, app.id)),
        ...distinct([
          ...[...app.users].filter(isHere),
          ...[...app.groups].flatMap((group) => members.get(group) ?? []),
        ]).map((user) => pair(user, app.id)),
      ]),
      PUSHES_TO: [...apps.values()].flatMap((app) =>
        app.pushes.map((one) => pair(one.sourceGroupId, one.targetGroupId)),
      ),
      HAS_ROLE: assignments.map((one) => pair(one.assignee.id, roleId(one))),
      GRANTS: [...rolesWithDefinition].flatMap(([role, definition]) =>
        (definitions.get(definition) ?? []).map((permission) => pair(role, permission)),
      ),
      PERMITS: permissions.map((permission) => pair(permission, 'console')),
      INSTANCE_OF: [...rolesWithDefinition].filter(([role, to]) => role !== to).map(([role, to]) => pair(role, to)),
      OWNS: [...apiTokens.values()].map((token) => pair(token.userId, token.id)),
    },
  };
}
