import type { Auth0User, OktaGroup } from '../world.ts';
import {
  addToOktaGroup,
  after,
  type Change,
  type Drift,
  dropLostAppUsers,
  leftAlone,
  oktaName,
  pickEmployee,
  pickFrom,
  removeFromOktaGroup,
} from './changes.ts';

const isProject = (group: OktaGroup): boolean => /^(Project|Licence) – |^list-/.test(group.name);

/** Into a project, seat pool or mailing list of Okta. */
export const enterGroup: Change = (drift) => {
  const { world, random, at } = drift;
  const user = pickEmployee(drift);
  if (user === null) return null;
  const group = pickFrom(random, world.okta.groups.values(), (one) => isProject(one) && !one.members.has(user.id));
  if (group === null) return null;
  addToOktaGroup(group, user.id, at);
  return `${oktaName(user)} enters the Okta group ${group.name}`;
};

/** Out of one. */
export const quitGroup: Change = (drift) => {
  const { world, random, at } = drift;
  const user = pickEmployee(drift);
  if (user === null) return null;
  const group = pickFrom(random, world.okta.groups.values(), (one) => isProject(one) && one.members.has(user.id));
  if (group === null) return null;
  removeFromOktaGroup(group, user.id, at);
  dropLostAppUsers(world, user.id);
  return `${oktaName(user)} quits the Okta group ${group.name}`;
};

/** An application is assigned to a group, or taken from one. The way into Auth0 is left alone. */
export const assignApp: Change = ({ world, random, at }) => {
  const ways = new Set([...world.auth0.connections.values()].map((one) => one.options['client_id']));
  const app = pickFrom(
    random,
    world.okta.apps.values(),
    (one) => one.status === 'ACTIVE' && !ways.has(one.clientId) && one.groups.size > 0 && one.name !== 'torq',
  );
  const group = pickFrom(random, world.okta.groups.values(), (one) => one.type === 'OKTA_GROUP' && isProject(one));
  if (app === null || group === null) return null;
  const taken = pickFrom(random, app.groups, (id) => world.okta.groups.get(id)?.type === 'OKTA_GROUP');
  if (!app.groups.has(group.id) && (taken === null || app.groups.size < 3 || random.chance(0.5))) {
    app.groups.add(group.id);
    app.lastUpdated = after(app.lastUpdated, at);
    return `Okta assigns ${app.label} to ${group.name}`;
  }
  if (taken === null) return null;
  app.groups.delete(taken);
  app.lastUpdated = after(app.lastUpdated, at);
  for (const userId of [...app.appUsers.keys()]) dropLostAppUsers(world, userId);
  return `Okta takes ${app.label} from ${world.okta.groups.get(taken)?.name}`;
};

/** Into or out of a shared folder or seat pool of JumpCloud. */
export const changeJumpCloudGroup: Change = ({ world, random }) => {
  const alone = leftAlone(world);
  const user = pickFrom(
    random,
    world.jumpcloud.users.values(),
    (one) => one.state === 'ACTIVATED' && one.department !== null && !alone.has(one.email),
  );
  const group = pickFrom(random, world.jumpcloud.groups.values(), (one) => /^(share|seats)-/.test(one.name));
  if (user === null || group === null) return null;
  if (group.members.delete(user.id)) return `${user.email} leaves the JumpCloud group ${group.name}`;
  group.members.add(user.id);
  return `${user.email} enters the JumpCloud group ${group.name}`;
};

/** A platform user of the company's own people; forged and outside accounts stay as they are. */
function pickAuth0User({ world, random }: Drift): Auth0User | null {
  const alone = leftAlone(world);
  return pickFrom(
    random,
    world.auth0.users.values(),
    (user) =>
      user.identities[0]?.provider !== 'oidc' &&
      !alone.has(user.email?.toLowerCase() ?? '') &&
      world.ownedDomains.some((domain) => user.email?.endsWith(`@${domain}`)),
  );
}

/** A role of the platform is given or taken; the one that releases payments is left alone. */
export const changeRole: Change = (drift) => {
  const { world, random } = drift;
  const user = pickAuth0User(drift);
  const role = pickFrom(random, world.auth0.roles.values(), (one) => one.name !== 'Payment Releaser');
  if (user === null || role === null) return null;
  if (role.users.delete(user.userId)) return `${user.name} loses the Auth0 role ${role.name}`;
  role.users.add(user.userId);
  return `${user.name} is given the Auth0 role ${role.name}`;
};

/** Into an organisation of the platform, or out of it with the roles held there. */
export const changeOrganization: Change = (drift) => {
  const { world, random } = drift;
  const user = pickAuth0User(drift);
  const organization = pickFrom(random, world.auth0.organizations.values(), (one) => one.name !== 'halden-works');
  if (user === null || organization === null) return null;
  if (organization.members.delete(user.userId))
    return `${user.name} leaves the organization ${organization.displayName}`;
  organization.members.set(user.userId, new Set());
  return `${user.name} enters the organization ${organization.displayName}`;
};

/** A platform user is blocked, or a blocked one let in again. */
export const block: Change = (drift) => {
  const { world, random, at } = drift;
  const alone = leftAlone(world);
  const blocked = pickFrom(random, world.auth0.users.values(), (user) => user.blocked && !alone.has(user.email ?? ''));
  const user = blocked !== null && random.chance(0.6) ? blocked : pickAuth0User(drift);
  if (user === null || user.email === null) return null;
  user.blocked = !user.blocked;
  user.updatedAt = after(user.updatedAt, at);
  return `Auth0 ${user.blocked ? 'blocks' : 'unblocks'} ${user.email} (${user.identities[0]?.connection})`;
};

/** Another role in the Torq workspace. */
export const changeTorqRole: Change = ({ world, random }) => {
  const alone = leftAlone(world);
  const user = pickFrom(random, world.torq.users.values(), (one) => !alone.has(one.email));
  const role = pickFrom(random, world.torq.roles.values(), (one) => one.id !== user?.roleId && one.name !== 'Owner');
  if (user === null || role === null) return null;
  user.roleId = role.id;
  return `${user.email} is now ${role.name} in Torq`;
};
