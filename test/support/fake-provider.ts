import { z } from 'zod';
import { NodeFlag } from '../../src/domain/flags.ts';
import { compact } from '../../src/domain/graph.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { LINK_KIND_NAMES } from '../../src/domain/link-kinds.ts';
import { NODE_KINDS } from '../../src/domain/node-kinds.ts';
import {
  defineProvider,
  type LinkDraft,
  type NodeDraft,
  type ProviderDefinition,
  type Syncer,
  type SyncPage,
  type TenantInfo,
} from '../../src/ports/provider.ts';

/** What a listing of the fake holds: one entry is one provider row. */
export interface FakeRow {
  readonly nodes?: readonly NodeDraft[];
  readonly links?: readonly LinkDraft[];
}

/** A small company in memory that a test changes between runs. */
export class FakeTenant {
  readonly accounts = new Map<string, { name: string; active?: boolean }>();
  readonly groups = new Map<string, string>();
  readonly members = new Map<string, Set<string>>();
  readonly applications = new Map<string, string>();
  /** `account>application` → properties, with an optional qualifier. */
  readonly assignments = new Map<string, { properties?: JsonObject; qualifier?: string }>();
  tenant: TenantInfo = { nativeId: 'acme', name: 'Acme', domains: ['acme.example'], console: { name: 'Acme console' } };
  pageSize = 2;
  normaliserVersion = 1;
  requires: Record<string, readonly string[]> = {};
  /** Awaited before each page; throw to break the listing there. `page` counts from 0, on from a resume point. */
  beforePage: (listing: string, page: number) => void | Promise<void> = () => {};
  /** Changes a page on its way out. */
  alterPage: (listing: string, page: SyncPage) => SyncPage = (_, page) => page;
  /** Awaited at connecting; throw to refuse. */
  beforeConnect: () => void | Promise<void> = () => {};
  /** Extra listings, or others in the place of the built-in ones of the same name. */
  listings: Syncer[] = [];
  /** `listing:page` in the order of asking. */
  readonly calls: string[] = [];
  sessionsOpen = 0;

  /** Accounts `u1…`, each second one in group `g1`, every third in `g2`; each assigned to `app1`. */
  fill(accounts: number): this {
    this.groups.set('g1', 'Group 1').set('g2', 'Group 2');
    this.applications.set('app1', 'Application 1');
    this.members.set('g1', new Set()).set('g2', new Set());
    for (let i = 1; i <= accounts; i++) {
      this.accounts.set(`u${i}`, { name: `Person ${i}` });
      if (i % 2 === 0) this.members.get('g1')!.add(`u${i}`);
      if (i % 3 === 0) this.members.get('g2')!.add(`u${i}`);
      this.assignments.set(`u${i}>app1`, { properties: { basis: 'DIRECT' } });
    }
    return this;
  }

  /** Under another tenant's id. */
  named(nativeId: string): this {
    this.tenant = { ...this.tenant, nativeId, name: nativeId };
    return this;
  }

  /** Holds a page of a listing back, once, until it is let go. */
  holdAt(listing: string, page: number): { reached: Promise<void>; letGo: () => void } {
    let letGo = (): void => {};
    let reach = (): void => {};
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let isHeld = false;
    this.beforePage = async (name, at) => {
      if (name !== listing || at !== page || isHeld) return;
      isHeld = true;
      reach();
      await gate;
    };
    return { reached, letGo };
  }

  removeAccount(id: string): void {
    this.accounts.delete(id);
    for (const members of this.members.values()) members.delete(id);
    for (const key of [...this.assignments.keys()]) if (key.startsWith(`${id}>`)) this.assignments.delete(key);
  }

  provider(name = 'fake'): ProviderDefinition {
    return defineProvider({
      name,
      title: 'Fake',
      settingsSchema: z.object({ token: z.string().optional() }),
      secretFields: ['token'],
      normaliserVersion: this.normaliserVersion,
      provides: {
        nodes: NODE_KINDS.map((kind) => ({ kind, sentence: kind })),
        links: LINK_KIND_NAMES.map((kind) => ({ kind, sentence: kind })),
      },
      requires: this.requires,
      connect: async () => {
        await this.beforeConnect();
        this.sessionsOpen++;
        const replaced = new Set(this.listings.map((listing) => listing.name));
        return {
          tenant: this.tenant,
          syncers: [...this.#syncers().filter((listing) => !replaced.has(listing.name)), ...this.listings],
          stats: () => ({ requests: this.calls.length, retries: 0, throttledMs: 0 }),
          close: async () => {
            this.sessionsOpen--;
          },
        };
      },
    });
  }

  /** A listing of rows in pages, with `{ at }` as its cursor. */
  pages(syncer: Omit<Syncer, 'list'>, rows: () => readonly FakeRow[]): Syncer {
    const tenant = this;
    return {
      ...syncer,
      async *list({ cursor }) {
        const all = rows();
        const total = all.length;
        let at = readAt(cursor);
        do {
          const number = Math.floor(at / tenant.pageSize);
          tenant.calls.push(`${syncer.name}:${number}`);
          await tenant.beforePage(syncer.name, number);
          const chunk = all.slice(at, at + tenant.pageSize);
          at += tenant.pageSize;
          yield tenant.alterPage(syncer.name, {
            nodes: chunk.flatMap((row) => row.nodes ?? []),
            links: chunk.flatMap((row) => row.links ?? []),
            cursor: at < total ? { at } : null,
            total,
            rows: chunk.length,
          });
        } while (at < total);
      },
    };
  }

  #syncers(): Syncer[] {
    const tenant = this;
    return [
      this.pages({ name: 'groups', title: 'groups', nodes: ['Group'], links: [], requires: ['groups.read'] }, () =>
        [...this.groups].map(([id, name]) => ({ nodes: [aGroup(id, name)] })),
      ),
      this.pages(
        {
          name: 'users',
          title: 'users',
          nodes: ['Account'],
          links: [],
          requires: ['users.read'],
          after: ['groups'],
          mandatory: true,
        },
        () => [...this.accounts].map(([id, { name, active }]) => ({ nodes: [anAccount(id, name, active)] })),
      ),
      this.pages(
        {
          name: 'applications',
          title: 'applications',
          nodes: ['Application'],
          links: [],
          requires: ['apps.read'],
        },
        () => [...this.applications].map(([id, name]) => ({ nodes: [anApplication(id, name)] })),
      ),
      this.pages(
        {
          name: 'assignments',
          title: 'assignments',
          nodes: [],
          links: ['ASSIGNED_TO'],
          requires: ['apps.read'],
          after: ['users', 'applications'],
        },
        () =>
          [...this.assignments].map(([key, { properties, qualifier }]) => {
            const [account = '', application = ''] = key.split('>');
            return {
              links: [
                {
                  from: { kind: 'Account', nativeId: account },
                  kind: 'ASSIGNED_TO',
                  to: { kind: 'Application', nativeId: application },
                  ...(properties === undefined ? {} : { properties }),
                  ...(qualifier === undefined ? {} : { qualifier }),
                },
              ],
            };
          }),
      ),
      {
        name: 'group-members',
        title: 'group members',
        nodes: [],
        links: ['MEMBER_OF'],
        requires: ['groups.read'],
        after: ['users', 'groups'],
        // One page for each group, in the order of the groups' listing.
        async *list({ cursor, ids }) {
          const groups = ids('groups', 'Group');
          for (let at = readAt(cursor); at < groups.length; at++) {
            const group = groups[at]!;
            tenant.calls.push(`group-members:${at}`);
            await tenant.beforePage('group-members', at);
            const members = [...(tenant.members.get(group) ?? [])];
            yield tenant.alterPage('group-members', {
              nodes: [],
              links: members.map((account) => isMember(account, group)),
              cursor: at + 1 < groups.length ? { at: at + 1 } : null,
              rows: members.length,
            });
          }
        },
      },
    ];
  }
}

export function anAccount(id: string, name = id, active = true): NodeDraft<'Account'> {
  return {
    kind: 'Account',
    nativeId: id,
    name,
    flags: active ? 0 : NodeFlag.INACTIVE,
    properties: compact({
      status: active ? 'ACTIVE' : 'SUSPENDED',
      active,
      type: 'HUMAN',
      accountClass: 'USER',
      entry: 'DIRECT',
    }),
  };
}

export function aGroup(id: string, name = id): NodeDraft<'Group'> {
  return { kind: 'Group', nativeId: id, name, properties: { type: 'USER_GROUP' } };
}

export function anApplication(id: string, name = id): NodeDraft<'Application'> {
  return { kind: 'Application', nativeId: id, name, properties: { type: 'SAML', active: true } };
}

export function isMember(account: string, group: string): LinkDraft {
  return { from: { kind: 'Account', nativeId: account }, kind: 'MEMBER_OF', to: { kind: 'Group', nativeId: group } };
}

function readAt(cursor: JsonObject | null): number {
  const at = cursor?.['at'];
  return typeof at === 'number' ? at : 0;
}
