import type { Kit } from '../kit.ts';
import type { OktaApp, OktaGroup, OktaUser, OktaWorld } from '../world.ts';

/** Who is assigned to an application: user id → the group that brought it, `null` for a direct assignment. */
export type AppUsers = ReadonlyMap<string, string | null>;

/** What follows from the world's records, computed once for each state of the world. */
export class OktaView {
  readonly #kit: Kit;

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  get okta(): OktaWorld {
    return this.#kit.world.okta;
  }

  user(id: string): OktaUser | undefined {
    return this.okta.users.get(id);
  }

  /** By id or log-in, as paths accept it. */
  userByName(idOrLogin: string): OktaUser | undefined {
    return this.user(idOrLogin) ?? this.okta.users.get(this.#byLogin().get(idOrLogin.toLowerCase()) ?? '');
  }

  /** Ids in the order of the listing: the order in which they came. */
  userIds(isDeprovisioned: boolean): readonly string[] {
    return this.#kit.cached(`users ${isDeprovisioned}`, () =>
      [...this.okta.users.values()]
        .filter((user) => (user.status === 'DEPROVISIONED') === isDeprovisioned)
        .map((user) => user.id),
    );
  }

  /** Deactivated people have lost their memberships; everybody else is in Everyone. */
  members(group: OktaGroup): readonly string[] {
    if (group.type === 'BUILT_IN' && group.name === 'Everyone') return this.userIds(false);
    return this.#kit.cached(`members ${group.id}`, () => [...group.members].filter((id) => this.#isHere(id)));
  }

  groupsOf(userId: string): readonly string[] {
    const groups = this.#kit.cached('groups of users', () => {
      const map = new Map<string, string[]>();
      for (const group of this.okta.groups.values()) {
        for (const id of this.members(group)) {
          const list = map.get(id);
          if (list === undefined) map.set(id, [group.id]);
          else list.push(group.id);
        }
      }
      return map;
    });
    return groups.get(userId) ?? [];
  }

  appsOfGroup(groupId: string): readonly string[] {
    const apps = this.#kit.cached('apps of groups', () => {
      const map = new Map<string, string[]>();
      for (const app of this.okta.apps.values()) {
        for (const id of app.groups) {
          const list = map.get(id);
          if (list === undefined) map.set(id, [app.id]);
          else list.push(app.id);
        }
      }
      return map;
    });
    return apps.get(groupId) ?? [];
  }

  /** A direct assignment wins over one by group, an earlier group over a later one. */
  appUsers(app: OktaApp): AppUsers {
    return this.#kit.cached(`app users ${app.id}`, () => {
      const users = new Map<string, string | null>();
      for (const id of app.users) if (this.#isHere(id)) users.set(id, null);
      for (const groupId of app.groups) {
        const group = this.okta.groups.get(groupId);
        for (const id of group === undefined ? [] : this.members(group)) if (!users.has(id)) users.set(id, groupId);
      }
      return users;
    });
  }

  appUserIds(app: OktaApp): readonly string[] {
    return this.#kit.cached(`app user ids ${app.id}`, () => [...this.appUsers(app).keys()]);
  }

  /** The inbound identity provider through which a user enters, if any. */
  idpOf(userId: string): { readonly id: string; readonly name: string; readonly type: string } | undefined {
    return this.#kit
      .cached('identity providers of users', () => {
        const map = new Map<string, { id: string; name: string; type: string }>();
        for (const idp of this.okta.idps.values()) for (const id of idp.users.keys()) map.set(id, idp);
        return map;
      })
      .get(userId);
  }

  #byLogin(): ReadonlyMap<string, string> {
    return this.#kit.cached('logins', () => {
      const map = new Map<string, string>();
      for (const user of this.okta.users.values()) map.set(user.login.toLowerCase(), user.id);
      return map;
    });
  }

  #isHere(id: string): boolean {
    const user = this.okta.users.get(id);
    return user !== undefined && user.status !== 'DEPROVISIONED';
  }
}
