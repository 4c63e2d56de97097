import type { Truth, TruthPerson } from '../world.ts';
import { fullName, type Person } from './model.ts';
import { plainLetters } from './names.ts';

/** What an account says that a deterministic rule may use. */
export interface AccountFacts {
  readonly key: string;
  /** At most one account of a person is expected per slot: provider and account class. */
  readonly slot: string;
  /** Addresses that are proved: verified by Auth0 behind a trusted connection, or set by a directory in an owned domain. */
  readonly provenEmails?: readonly (string | null)[];
  readonly employeeNumber?: string | null;
  /** Name parts as the account shows them; of directories also the local part of the address they made of the name. */
  readonly names?: readonly (string | null)[];
}

const sameNumber = (number: string): string => number.trim().toUpperCase().replace(/^E-/, '');

function nameParts(names: readonly (string | null)[]): Set<string> {
  const parts = new Set<string>();
  for (const name of names) {
    for (const part of plainLetters(name ?? '')
      .toLowerCase()
      .split(/[\s\d.-]+/))
      if (part !== '') parts.add(part);
  }
  return parts;
}

/** Keeps who is who while the company is invented, and tells at the end what could be found out. */
export class TruthBook {
  readonly #accounts = new Map<Person, AccountFacts[]>();
  readonly #ties: [string, string][] = [];
  readonly #machines: Truth['machines'][number][] = [];
  readonly #machineEmails: string[] = [];
  readonly #traps: Truth['traps'][number][] = [];

  account(person: Person, facts: AccountFacts): void {
    const list = this.#accounts.get(person);
    if (list === undefined) this.#accounts.set(person, [facts]);
    else list.push(facts);
  }

  /** A federated subject, external id or admin id that proves two accounts to be one person's. */
  tie(a: string, b: string): void {
    this.#ties.push([a, b]);
  }

  machine(type: 'SERVICE' | 'SHARED', accounts: readonly string[], emails: readonly string[]): void {
    this.#machines.push({ type, accounts });
    this.#machineEmails.push(...emails);
  }

  trap(kind: string, a: string, b: string): void {
    this.#traps.push({ kind, accounts: [a, b] });
  }

  finish(people: readonly Person[]): Truth {
    const ambiguous = this.#ambiguousEmails();
    const tied = new Map<string, Set<string>>();
    for (const [a, b] of this.#ties) {
      let set = tied.get(a);
      if (set === undefined) {
        set = new Set();
        tied.set(a, set);
      }
      set.add(b);
    }
    const told: TruthPerson[] = [];
    for (const person of people) {
      const facts = this.#accounts.get(person);
      if (facts === undefined) continue;
      const outside = outsideAccounts(facts, tied, ambiguous);
      told.push({
        id: person.id,
        displayName: fullName(person),
        accounts: facts.map((fact) => fact.key),
        linkable: outside.length === 0,
        unlinkable: outside,
        tags: [...person.tags].sort(),
      });
    }
    return { people: told, machines: this.#machines, traps: this.#traps };
  }

  /** Addresses that accounts of more than one person or machine have proved: they tell nothing. */
  #ambiguousEmails(): Set<string> {
    const owner = new Map<string, Person | 'machine'>();
    const ambiguous = new Set<string>();
    for (const email of this.#machineEmails) owner.set(email.toLowerCase(), 'machine');
    for (const [person, facts] of this.#accounts) {
      for (const fact of facts) {
        for (const address of fact.provenEmails ?? []) {
          if (address === null) continue;
          const email = address.toLowerCase();
          const known = owner.get(email);
          if (known === undefined) owner.set(email, person);
          else if (known !== person) ambiguous.add(email);
        }
      }
    }
    return ambiguous;
  }
}

/** The accounts that stay outside of the largest group the rules can tie together. */
function outsideAccounts(
  facts: readonly AccountFacts[],
  tied: ReadonlyMap<string, ReadonlySet<string>>,
  ambiguous: ReadonlySet<string>,
): string[] {
  if (facts.length < 2) return [];
  const emails = facts.map(
    (fact) =>
      new Set(
        (fact.provenEmails ?? [])
          .filter((email) => email !== null)
          .map((email) => email.toLowerCase())
          .filter((email) => !ambiguous.has(email)),
      ),
  );
  const group = facts.map((_, i) => i);
  const isTie = (i: number, j: number): boolean => {
    const a = facts[i] as AccountFacts;
    const b = facts[j] as AccountFacts;
    if (tied.get(a.key)?.has(b.key) || tied.get(b.key)?.has(a.key)) return true;
    for (const email of emails[i] as Set<string>) if (emails[j]?.has(email)) return true;
    if (!a.employeeNumber || !b.employeeNumber) return false;
    if (sameNumber(a.employeeNumber) !== sameNumber(b.employeeNumber)) return false;
    const parts = nameParts(b.names ?? []);
    for (const part of nameParts(a.names ?? [])) if (parts.has(part)) return true;
    return false;
  };
  for (let i = 0; i < facts.length; i++) {
    for (let j = i + 1; j < facts.length; j++) {
      const from = group[j] as number;
      const to = group[i] as number;
      if (from === to || !isTie(i, j)) continue;
      for (let k = 0; k < group.length; k++) if (group[k] === from) group[k] = to;
    }
  }
  const sizes = new Map<number, number>();
  for (const id of group) sizes.set(id, (sizes.get(id) ?? 0) + 1);
  let core = group[0] as number;
  for (const [id, size] of sizes) if (size > (sizes.get(core) ?? 0)) core = id;
  const slots = new Set<string>();
  const outside: string[] = [];
  facts.forEach((fact, i) => {
    // A second account in one slot (a rehire's old one) is for a person to decide.
    if (group[i] !== core || slots.has(fact.slot)) outside.push(fact.key);
    else slots.add(fact.slot);
  });
  return outside;
}
