import { type AccountFacts, isMachine } from './account-facts.ts';
import {
  type AccountLookup,
  type AppUser,
  type Entrance,
  entrancesBySubject,
  targetOfAppUser,
  type Wanted,
  wantedByLogin,
} from './entrances.ts';
import { blockKey, type LinkingRule } from './rules.ts';
import type { SignOnApplication, TrustMap } from './trust.ts';

/** Evidence that ties exactly two accounts, and the entrance it opens, if any. */
export interface Tie {
  readonly from: number;
  readonly to: number;
  readonly block: string;
  readonly entrance: Omit<Entrance, 'from'> | null;
}

/** Who asserted a tie: an account about itself (`a12`), or an application's user row (`r7:12`). */
type Asserter = string;

/**
 * All ties between two accounts of different tenants or classes, kept up to date when accounts come, go and change,
 * in whatever order. An asserter whose other end is not there yet is asked again when it arrives.
 */
export class TieIndex implements AccountLookup {
  private readonly accounts = new Map<number, AccountFacts>();
  private readonly ids = new Map<string, number>();
  private readonly logins = new Map<Wanted, Set<number>>();
  private readonly asserted = new Map<Asserter, readonly Tie[]>();
  private readonly tiesOf = new Map<number, Set<Tie>>();
  private readonly wants = new Map<Asserter, readonly Wanted[]>();
  private readonly askers = new Map<Wanted, Set<Asserter>>();
  private readonly rows = new Map<
    Asserter,
    { application: SignOnApplication; tenants: readonly string[]; row: AppUser }
  >();
  private readonly trusted = new Set<number>();
  private trust: TrustMap | null = null;
  /** Connectors whose connections say where accounts come from. */
  private speaking: ReadonlySet<string> = new Set();

  facts(id: number): AccountFacts | undefined {
    return this.accounts.get(id);
  }

  byKey(key: string): AccountFacts | undefined {
    const id = this.ids.get(key);
    return id === undefined ? undefined : this.accounts.get(id);
  }

  byLogin(connector: string, login: string): AccountFacts | undefined {
    const found = this.logins.get(wantedByLogin(connector, login));
    if (found?.size !== 1) return undefined;
    for (const id of found) return this.accounts.get(id);
    return undefined;
  }

  ties(id: number): ReadonlySet<Tie> {
    return this.tiesOf.get(id) ?? NONE;
  }

  /** True when the account comes through at least one trusted connection, and through no other. */
  isTrusted(id: number): boolean {
    return this.trusted.has(id);
  }

  /** @returns accounts whose ties may have changed */
  setAccount(facts: AccountFacts): Set<number> {
    const touched = new Set<number>([facts.id]);
    const before = this.accounts.get(facts.id);
    const stirred = new Set<Wanted>([facts.key, ...this.dropLogins(before)]);
    this.accounts.set(facts.id, facts);
    this.ids.set(facts.key, facts.id);
    for (const login of loginsOf(facts)) {
      add(this.logins, login, facts.id);
      stirred.add(login);
    }
    this.assert(`a${facts.id}`, touched);
    this.askAgain(stirred, touched);
    return touched;
  }

  removeAccount(id: number): Set<number> {
    const touched = new Set<number>([id]);
    const before = this.accounts.get(id);
    if (before === undefined) return touched;
    const stirred = new Set<Wanted>([before.key, ...this.dropLogins(before)]);
    this.accounts.delete(id);
    this.ids.delete(before.key);
    this.trusted.delete(id);
    this.assert(`a${id}`, touched);
    this.askAgain(stirred, touched);
    return touched;
  }

  /** What an application's user row says; `null` when the row is gone. */
  setRow(
    application: SignOnApplication,
    account: number,
    tenants: readonly string[],
    row: AppUser | null,
  ): Set<number> {
    const touched = new Set<number>();
    const asserter = `r${application.id}:${account}`;
    if (row === null) this.rows.delete(asserter);
    else this.rows.set(asserter, { application, tenants, row });
    this.assert(asserter, touched);
    return touched;
  }

  /** Takes a new judgement on trust and asks every account again. Rows must be set anew. */
  setTrust(trust: TrustMap, speaking: ReadonlySet<string>): Set<number> {
    this.trust = trust;
    this.speaking = speaking;
    const touched = new Set<number>();
    for (const asserter of [...this.rows.keys()]) {
      this.rows.delete(asserter);
      this.assert(asserter, touched);
    }
    for (const facts of this.accounts.values()) {
      if (facts.properties.federatedSubjects?.length || facts.properties.sameAs?.length) {
        touched.add(facts.id);
        this.assert(`a${facts.id}`, touched);
      }
    }
    return touched;
  }

  private askAgain(stirred: ReadonlySet<Wanted>, touched: Set<number>): void {
    for (const wanted of stirred)
      for (const asserter of [...(this.askers.get(wanted) ?? [])]) this.assert(asserter, touched);
  }

  private dropLogins(before: AccountFacts | undefined): readonly Wanted[] {
    if (before === undefined) return [];
    const logins = loginsOf(before);
    for (const login of logins) drop(this.logins, login, before.id);
    return logins;
  }

  private assert(asserter: Asserter, touched: Set<number>): void {
    for (const tie of this.asserted.get(asserter) ?? []) {
      for (const end of [tie.from, tie.to]) {
        drop(this.tiesOf, end, tie);
        touched.add(end);
      }
    }
    for (const wanted of this.wants.get(asserter) ?? []) drop(this.askers, wanted, asserter);
    const { ties, wanted } = asserter.startsWith('a')
      ? this.tiesByAccount(Number(asserter.slice(1)))
      : this.tiesByRow(asserter);
    for (const tie of ties) {
      for (const end of [tie.from, tie.to]) {
        add(this.tiesOf, end, tie);
        touched.add(end);
      }
    }
    for (const want of wanted) add(this.askers, want, asserter);
    setOrDelete(this.asserted, asserter, ties);
    setOrDelete(this.wants, asserter, wanted);
  }

  private tiesByAccount(id: number): { ties: Tie[]; wanted: Wanted[] } {
    const ties: Tie[] = [];
    const facts = this.accounts.get(id);
    if (facts === undefined || isMachine(facts)) return { ties, wanted: [] };
    const wanted: Wanted[] = [];
    for (const key of facts.properties.sameAs ?? []) {
      wanted.push(key);
      const other = this.byKey(key);
      if (other !== undefined && !isMachine(other)) ties.push(tie('SAME_PERSON_AT_PROVIDER', other, facts, null));
    }
    if (this.trust !== null && facts.properties.federatedSubjects?.length) {
      const found = entrancesBySubject(facts, this.trust, this);
      wanted.push(...found.wanted);
      for (const { from, ...entrance } of found.entrances) ties.push(tie(entrance.rule, from, facts, entrance));
      const isTrusted = facts.properties.federatedSubjects.every(
        (subject) => this.trust!.of(facts.connector, subject.connectionId, subject.connectionName) !== null,
      );
      if (isTrusted) this.trusted.add(id);
      else this.trusted.delete(id);
    } else {
      this.trusted.delete(id);
    }
    return { ties, wanted };
  }

  private tiesByRow(asserter: Asserter): { ties: Tie[]; wanted: Wanted[] } {
    const ties: Tie[] = [];
    const wanted: Wanted[] = [];
    const entry = this.rows.get(asserter);
    const from = this.accounts.get(Number(asserter.slice(asserter.indexOf(':') + 1)));
    if (entry === undefined || from === undefined) return { ties, wanted };
    wanted.push(from.key);
    if (isMachine(from)) return { ties, wanted };
    for (const connector of entry.tenants) {
      const found = targetOfAppUser(connector, entry.row, this, this.speaking.has(connector));
      wanted.push(...found.wanted);
      const { target } = found;
      if (target === undefined || isMachine(target)) continue;
      ties.push(
        tie('PROVIDER_EXTERNAL_ID', from, target, {
          via: entry.application,
          rule: 'PROVIDER_EXTERNAL_ID',
          protocol: entry.application.signOn.mode,
          evidence: `${entry.application.key} knows ${from.nativeId} as ${entry.row.externalId ?? entry.row.userName}`,
          opensSession: target.properties.entry !== 'DIRECT',
        }),
      );
    }
    return { ties, wanted };
  }
}

const NONE: ReadonlySet<Tie> = new Set();

function loginsOf(facts: AccountFacts): readonly Wanted[] {
  return facts.logins.map((login) => wantedByLogin(facts.connector, login));
}

function tie(rule: LinkingRule, from: AccountFacts, to: AccountFacts, entrance: Tie['entrance']): Tie {
  return { from: from.id, to: to.id, block: blockKey(rule, `${from.key} ~ ${to.key}`), entrance };
}

function add<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

function drop<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) return;
  set.delete(value);
  if (set.size === 0) map.delete(key);
}

function setOrDelete<K, V>(map: Map<K, readonly V[]>, key: K, list: readonly V[]): void {
  if (list.length === 0) map.delete(key);
  else map.set(key, list);
}
