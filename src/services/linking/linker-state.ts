import type { CommittedChange, LinkChange, NodeChange } from '../../domain/changes.ts';
import type { JsonObject } from '../../domain/json.ts';
import { parseKey } from '../../domain/keys.ts';
import { type LINK_KINDS, linkKindCode } from '../../domain/link-kinds.ts';
import { nodeKindCode } from '../../domain/node-kinds.ts';
import type {
  ApplicationProperties,
  AssignmentProperties,
  FederationProperties,
  GroupProperties,
  OrganizationProperties,
} from '../../domain/properties.ts';
import type { AccessIndex } from '../access/access-index.ts';
import type { LeasedGraph } from '../leases/fenced.ts';
import { type AccountFacts, accountFacts, emailDomain, isMachine, normaliseEmail } from './account-facts.ts';
import type { AppUser } from './entrances.ts';
import { EvidenceIndex } from './evidence.ts';
import { federationHash } from './federation-hash.ts';
import { type LinkingStats, linkingStats } from './linking-stats.ts';
import { blockKey } from './rules.ts';
import { TieIndex } from './ties.ts';
import { type Connection, type SignOnApplication, type Tenant, TrustMap } from './trust.ts';

/** A change of the ways into one account. */
export interface FederationChange {
  readonly from: number;
  /** `null`: the way is closed. */
  readonly properties: FederationProperties | null;
  readonly hash: number;
}

interface Ownership {
  readonly identity: number;
  readonly hash: number;
  readonly rule: string;
}

/** How many nodes or links are asked of the store at once. */
const CHUNK = 1_000;

/**
 * Everything the linker keeps in memory: facts and evidence of every account, who trusts whom, and what the graph
 * already says. `observe` follows committed changes; the `due` set holds the accounts to look at again.
 */
export class LinkerState {
  readonly evidence = new EvidenceIndex();
  private readonly tieIndex = new TieIndex();
  private readonly due = new Set<number>();
  private readonly orphans = new Set<number>();
  private readonly tenants = new Map<string, Tenant>();
  private readonly connections = new Map<number, Connection>();
  private readonly applications = new Map<number, SignOnApplication>();
  private readonly identities = new Map<number, { key: string; hash: number; accounts: Set<number> }>();
  private readonly ownerships = new Map<number, Ownership>();
  /** account → accounts that federate into it → hash of the link. */
  private readonly federated = new Map<number, Map<number, number>>();
  /** `application organisation` of the SIGNS_INTO links that the graph has. */
  private readonly signsInto = new Set<string>();
  private readonly ownedDomains: ReadonlySet<string>;
  private trust: TrustMap;
  private trustIsDue = true;

  constructor(
    private readonly graph: LeasedGraph<AccessIndex>,
    ownedDomains: readonly string[],
  ) {
    this.ownedDomains = new Set(ownedDomains.map((domain) => domain.toLowerCase()));
    this.trust = new TrustMap(this.tenants, [], []);
  }

  get isClean(): boolean {
    return this.due.size === 0 && this.orphans.size === 0 && !this.trustIsDue;
  }

  get needsTrust(): boolean {
    return this.trustIsDue;
  }

  /** Reads all accounts, tenants, connections and applications, and what earlier linking wrote. */
  async load(source: number): Promise<void> {
    const { index, store } = this.graph;
    const wanted = new Set(['Account', 'Group', 'Organization', 'Application', 'Identity'] as const);
    const codes = new Map([...wanted].map((kind) => [nodeKindCode(kind), kind]));
    const ids: number[] = [];
    for (const sourceId of index.countsBySource().keys()) {
      index.eachNodeOfSource(sourceId, (id) => {
        if (codes.has(index.kindCodeOf(id))) ids.push(id);
      });
    }
    for (let i = 0; i < ids.length; i += CHUNK) {
      for (const node of await store.nodes(ids.slice(i, i + CHUNK))) {
        if (node === null || node.removed) continue;
        if (node.kind === 'Identity') {
          this.identities.set(node.id, { key: node.key, hash: node.hash, accounts: new Set() });
        } else {
          this.setNode({ id: node.id, key: node.key, kind: node.kind, source: 0, before: null, after: node });
        }
      }
    }
    const signs = linkKindCode('SIGNS_INTO');
    index.eachLinkOfSource(source, (from, kindCode, to) => {
      if (kindCode === signs) this.signsInto.add(`${from} ${to}`);
    });
    for await (const chunk of store.linkHashes('crosswalk')) {
      for (let i = 0; i < chunk.from.length; i++) {
        const from = chunk.from[i]!;
        const to = chunk.to[i]!;
        if (chunk.kind[i] === linkKindCode('HAS_ACCOUNT')) {
          // The rule of an old link is not needed: it is written again when it differs.
          this.rememberOwnership(to, from, chunk.hash[i]!, '');
        } else if (chunk.kind[i] === linkKindCode('FEDERATES')) {
          this.rememberFederation(to, from, chunk.hash[i]!);
        }
      }
    }
    for (const [id, { accounts }] of this.identities) if (accounts.size === 0) this.orphans.add(id);
    for (const { id } of this.evidence.all()) this.due.add(id);
  }

  /** Follows a change that somebody else committed. */
  observe(change: CommittedChange, source: number): void {
    for (const node of change.nodes) this.setNode(node);
    for (const link of change.links) this.setLink(link, source);
  }

  /** Judges trust again when tenants, connections or sign-on settings changed. */
  async settleTrust(): Promise<void> {
    while (this.trustIsDue) {
      this.trustIsDue = false;
      const trust = new TrustMap(this.tenants, this.connections.values(), [...this.applications.values()]);
      const speaking = new Set([...this.connections.values()].map((connection) => connection.connector));
      const rows = await this.readRows(trust);
      // Settings that changed while the rows were read: once more.
      if (this.trustIsDue) continue;
      this.trust = trust;
      this.restate(this.tieIndex.setTrust(trust, speaking));
      for (const { application, account, row } of rows) this.setRow(application, account, row);
      // Whether an address counts may hang on trust.
      for (const facts of [...this.evidence.all()]) {
        if (facts.properties.federatedSubjects?.length) this.restate([facts.id]);
      }
    }
  }

  nextDue(): number | undefined {
    for (const id of this.due) {
      this.due.delete(id);
      return id;
    }
    return undefined;
  }

  done(id: number): void {
    this.due.delete(id);
  }

  identityOf(account: number): number | undefined {
    return this.ownerships.get(account)?.identity;
  }

  accountsOf(identity: number): Iterable<number> {
    return this.identities.get(identity)?.accounts ?? [];
  }

  identityKey(identity: number): string {
    return this.identities.get(identity)!.key;
  }

  identityHash(identity: number): number | undefined {
    return this.identities.get(identity)?.hash;
  }

  ownership(account: number): Ownership | undefined {
    return this.ownerships.get(account);
  }

  rememberIdentity(identity: number, key: string, hash: number): void {
    const known = this.identities.get(identity);
    if (known === undefined) this.identities.set(identity, { key, hash, accounts: new Set() });
    else known.hash = hash;
  }

  rememberOwnership(account: number, identity: number, hash: number, rule: string): void {
    const before = this.ownerships.get(account);
    if (before !== undefined && before.identity !== identity) this.disown(account, before.identity);
    this.ownerships.set(account, { identity, hash, rule });
    this.identities.get(identity)?.accounts.add(account);
    this.orphans.delete(identity);
  }

  forgetIdentity(identity: number): void {
    this.identities.delete(identity);
    this.orphans.delete(identity);
  }

  /** Identities that have lost their last account. */
  takeOrphans(): number[] {
    const orphans = [...this.orphans];
    this.orphans.clear();
    return orphans.filter((identity) => this.identities.get(identity)?.accounts.size === 0);
  }

  entranceOf(account: AccountFacts): { isOpen: boolean; isTrusted: boolean } {
    return { isOpen: this.entrances(account).size > 0, isTrusted: this.tieIndex.isTrusted(account.id) };
  }

  /** What has to be written so that the FEDERATES links into an account are those of the evidence. */
  federationChanges(account: AccountFacts): FederationChange[] {
    const changes: FederationChange[] = [];
    const wanted = this.entrances(account);
    const known = this.federated.get(account.id) ?? new Map<number, number>();
    for (const from of known.keys()) if (!wanted.has(from)) changes.push({ from, properties: null, hash: 0 });
    for (const [from, properties] of wanted) {
      const hash = federationHash(properties);
      if (known.get(from) !== hash) changes.push({ from, properties, hash });
    }
    for (const { from, properties, hash } of changes) {
      if (properties === null) this.forgetFederation(account.id, from);
      else this.rememberFederation(account.id, from, hash);
    }
    return changes;
  }

  signsIntoChanges(): { application: number; organization: number; isThere: boolean }[] {
    const wanted = new Set<string>();
    for (const [application, connectors] of this.trust.signsInto) {
      for (const connector of connectors) {
        const tenant = this.tenants.get(connector);
        if (tenant !== undefined && this.applications.has(application))
          wanted.add(`${application} ${tenant.organization}`);
      }
    }
    const changes = [];
    for (const pair of new Set([...wanted, ...this.signsInto])) {
      const isThere = wanted.has(pair);
      if (isThere === this.signsInto.has(pair)) continue;
      if (isThere) this.signsInto.add(pair);
      else this.signsInto.delete(pair);
      const [application, organization] = pair.split(' ').map(Number);
      changes.push({ application: application!, organization: organization!, isThere });
    }
    return changes;
  }

  /** Addresses of an account that may link it: verified by the provider, or set by an administrator in an owned domain. */
  countingEmails(account: AccountFacts): ReadonlySet<string> {
    const counting = new Set<string>();
    const { entry, federatedSubjects = [] } = account.properties;
    // What an upstream tenant calls verified counts only when that tenant is trusted.
    const isOwnWord = federatedSubjects.length > 0 ? this.tieIndex.isTrusted(account.id) : entry !== 'FEDERATED';
    for (const email of account.properties.emails ?? []) {
      const address = normaliseEmail(email.value);
      if (!address.includes('@')) continue;
      const isOwned = email.directorySet === true && this.ownedDomains.has(emailDomain(address));
      if (isOwned || (email.verified === true && isOwnWord)) counting.add(address);
    }
    return counting;
  }

  stats(): LinkingStats {
    return {
      ...linkingStats(
        this.evidence.all(),
        (account) => this.ownerships.get(account),
        (account) => this.countingEmails(account),
      ),
      identities: this.identities.size,
      ambiguous: this.evidence.countAmbiguous(),
    };
  }

  private entrances(account: AccountFacts): Map<number, FederationProperties> {
    const found = new Map<number, FederationProperties>();
    const ties = [...this.tieIndex.ties(account.id)].sort((a, b) => (a.block < b.block ? -1 : 1));
    for (const tie of ties) {
      if (tie.to !== account.id || !tie.entrance?.opensSession) continue;
      // The subject knows the way better than a user row: it is the first rule, and `f` sorts before `x`.
      if (found.has(tie.from)) continue;
      const { via, protocol, evidence } = tie.entrance;
      found.set(tie.from, { ...(via === null ? {} : { via: via.key }), ...(protocol ? { protocol } : {}), evidence });
    }
    return found;
  }

  private rememberFederation(to: number, from: number, hash: number): void {
    const known = this.federated.get(to);
    if (known === undefined) this.federated.set(to, new Map([[from, hash]]));
    else known.set(from, hash);
  }

  private forgetFederation(to: number, from: number): void {
    const known = this.federated.get(to);
    known?.delete(from);
    if (known?.size === 0) this.federated.delete(to);
  }

  private disown(account: number, identity: number): void {
    const accounts = this.identities.get(identity)?.accounts;
    accounts?.delete(account);
    if (accounts?.size === 0) this.orphans.add(identity);
  }

  private setNode({ id, key, kind, after }: NodeChange): void {
    const parts = parseKey(key);
    if (parts === null) return;
    const { connector, nativeId } = parts;
    if (kind === 'Account') {
      if (after === null) this.removeAccount(id);
      else this.restate(this.tieIndex.setAccount(accountFacts({ id, key, connector, nativeId, ...after })));
    } else if (kind === 'Organization') {
      const properties = after?.properties as OrganizationProperties | undefined;
      if (properties?.type === 'TENANT' || this.tenants.get(connector)?.organization === id) {
        if (properties === undefined) this.tenants.delete(connector);
        else this.tenants.set(connector, { connector, organization: id, domains: new Set(properties.domains ?? []) });
        this.trustIsDue = true;
      }
    } else if (kind === 'Group') {
      const claim = (after?.properties as GroupProperties | undefined)?.upstream;
      if (this.settled(this.connections, id, claim && { connector, nativeId, name: after!.name, claim }))
        this.trustIsDue = true;
    } else if (kind === 'Application') {
      const signOn = (after?.properties as ApplicationProperties | undefined)?.signOn;
      if (this.settled(this.applications, id, signOn && { id, key, connector, signOn })) this.trustIsDue = true;
    }
  }

  /** Sets or removes an entry. @returns true when that changed anything */
  private settled<T>(map: Map<number, T>, id: number, value: T | undefined): boolean {
    const before = map.get(id);
    if (value === undefined) return map.delete(id);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(value)) return false;
    map.set(id, value);
    return true;
  }

  private removeAccount(id: number): void {
    const touched = this.tieIndex.removeAccount(id);
    // A shared store may have left out what was written into an account that was going.
    this.federated.delete(id);
    for (const other of this.evidence.remove(id)) this.due.add(other);
    this.due.delete(id);
    const owned = this.ownerships.get(id);
    this.ownerships.delete(id);
    if (owned !== undefined) {
      this.disown(id, owned.identity);
      for (const other of this.accountsOf(owned.identity)) this.due.add(other);
    }
    touched.delete(id);
    this.restate(touched);
  }

  private setLink(link: LinkChange, source: number): void {
    if (link.source === source) {
      if (link.after === null) this.lose(link);
      return;
    }
    if (link.kind !== 'ASSIGNED_TO') return;
    const application = this.applications.get(link.to);
    if (application === undefined || !this.trust.signsInto.has(link.to)) return;
    if (this.evidence.facts(link.from) === undefined) return;
    this.setRow(application, link.from, link.after && appUser(link.after.properties));
  }

  /** A link of ours went because one of its ends went. */
  private lose(link: LinkChange): void {
    if (link.kind === 'HAS_ACCOUNT') {
      this.ownerships.delete(link.to);
      this.disown(link.to, link.from);
    } else if (link.kind === 'FEDERATES') {
      this.forgetFederation(link.to, link.from);
    } else if (link.kind === 'SIGNS_INTO') {
      this.signsInto.delete(`${link.from} ${link.to}`);
    }
  }

  private setRow(application: SignOnApplication, account: number, row: AppUser | null): void {
    const tenants = [...(this.trust.signsInto.get(application.id) ?? [])].sort();
    this.restate(this.tieIndex.setRow(application, account, tenants, row));
  }

  private async readRows(
    trust: TrustMap,
  ): Promise<{ application: SignOnApplication; account: number; row: AppUser | null }[]> {
    const { index, store } = this.graph;
    const assigned = linkKindCode('ASSIGNED_TO');
    const account = nodeKindCode('Account');
    const pairs: { from: number; to: number }[] = [];
    for (const application of trust.signsInto.keys()) {
      if (!index.isAlive(application)) continue;
      index.eachLinkTo(application, (from, kindCode) => {
        if (kindCode === assigned && index.kindCodeOf(from) === account) pairs.push({ from, to: application });
      });
    }
    const rows: { application: SignOnApplication; account: number; row: AppUser | null }[] = [];
    for (let i = 0; i < pairs.length; i += CHUNK) {
      for (const links of await store.links(pairs.slice(i, i + CHUNK))) {
        for (const link of links) {
          const application = this.applications.get(link.to);
          if (link.kind === LINK_ASSIGNED && application !== undefined && link.properties !== null) {
            rows.push({ application, account: link.from, row: appUser(link.properties) });
          }
        }
      }
    }
    return rows;
  }

  /** Writes anew what these accounts carry as evidence; all they touch become due. */
  private restate(ids: Iterable<number>): void {
    for (const id of ids) {
      const facts = this.tieIndex.facts(id);
      if (facts === undefined) continue;
      for (const other of this.evidence.set(facts, this.blocksOf(facts))) this.due.add(other);
    }
  }

  private blocksOf(facts: AccountFacts): string[] {
    if (isMachine(facts)) return [];
    const blocks: string[] = [];
    for (const tie of this.tieIndex.ties(facts.id)) blocks.push(tie.block);
    for (const address of this.countingEmails(facts)) blocks.push(blockKey('VERIFIED_EMAIL', address));
    if (facts.employeeNumber !== null) blocks.push(blockKey('EMPLOYEE_NUMBER', facts.employeeNumber));
    return blocks;
  }
}

const LINK_ASSIGNED = 'ASSIGNED_TO' satisfies keyof typeof LINK_KINDS;

/** @returns `null` when the row names nobody */
function appUser(properties: JsonObject | null): AppUser | null {
  const { appExternalId, appUserName } = (properties ?? {}) as AssignmentProperties;
  return appExternalId || appUserName ? { externalId: appExternalId, userName: appUserName } : null;
}
