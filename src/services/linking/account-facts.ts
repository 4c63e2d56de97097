import { NOT_LIVE_NODE } from '../../domain/flags.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { AccountProperties, PrincipalType } from '../../domain/properties.ts';
import { principalType } from './principal-type.ts';

/** What the linker knows of one account, ready to compare. */
export interface AccountFacts {
  readonly id: number;
  readonly key: string;
  readonly connector: string;
  readonly nativeId: string;
  readonly name: string;
  /** Connector and account class: at most one human account of a slot hangs on an identity. */
  readonly slot: string;
  readonly type: PrincipalType;
  readonly isLive: boolean;
  /** Normalised, see {@link normaliseEmployeeNumber}. */
  readonly employeeNumber: string | null;
  /** Folded words of the person's name. */
  readonly nameWords: readonly string[];
  /** Names under which the person logs in here: user name and addresses, folded. */
  readonly logins: readonly string[];
  readonly properties: AccountProperties;
}

/** Letters that Unicode does not take apart, as most mail addresses write them. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
  ħ: 'h',
  ŋ: 'n',
};

/** Lower case, no diacritics, so that `Díaz` meets `Diaz`. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[ßæœøđðþłıħŋ]/g, (letter) => LETTERS[letter]!)
    .trim();
}

/**
 * `E-1042`, `emp 01042` and `1042` are one number; another letter (`C-1042`) is another numbering and stays.
 * Fewer than three characters identify nobody.
 */
export function normaliseEmployeeNumber(text: string | undefined): string | null {
  if (text === undefined) return null;
  const plain = fold(text).replace(/[^\p{L}\p{N}]+/gu, '');
  const bare = plain.replace(/^(employee|emp|e)(?=\d)/u, '').replace(/^0+(?=.)/u, '');
  return bare.length >= 3 && !/^0+$/.test(bare) ? bare : null;
}

/** Mail addresses compare without case; nothing else is folded, a plus-address is another mailbox. */
export function normaliseEmail(text: string): string {
  return text.normalize('NFC').trim().toLowerCase();
}

export function emailDomain(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

function wordsOf(...texts: (string | undefined)[]): string[] {
  const words = new Set<string>();
  for (const text of texts) {
    if (text === undefined || text.includes('@')) continue;
    for (const word of fold(text).split(/[^\p{L}]+/u)) if ([...word].length >= 2) words.add(word);
  }
  return [...words].sort();
}

/** Workloads and shared log-ins belong to nobody: nothing ties them to a person. */
export function isMachine(facts: AccountFacts): boolean {
  return facts.type === 'SERVICE' || facts.type === 'SHARED';
}

export interface AccountSource {
  readonly id: number;
  readonly key: string;
  readonly connector: string;
  readonly nativeId: string;
  readonly name: string;
  readonly flags: number;
  readonly properties: JsonObject;
}

export function accountFacts(account: AccountSource): AccountFacts {
  // The record was written by our own normalisers under the type of its kind.
  const properties = account.properties as unknown as AccountProperties;
  const logins = new Set<string>();
  // An administrator's account often repeats the address of the person's directory account; federation names the latter.
  const isDirectory = properties.accountClass !== 'ADMIN';
  if (isDirectory && properties.userName) logins.add(normaliseEmail(properties.userName));
  for (const email of properties.emails ?? [])
    if (isDirectory && email.primary !== false) logins.add(normaliseEmail(email.value));
  const type = principalType(properties, account.name);
  return {
    id: account.id,
    key: account.key,
    connector: account.connector,
    nativeId: account.nativeId,
    name: account.name,
    slot: `${account.connector}/${properties.accountClass}`,
    type,
    isLive: (account.flags & NOT_LIVE_NODE) === 0,
    employeeNumber: normaliseEmployeeNumber(properties.employeeNumber),
    nameWords: wordsOf(
      properties.name?.givenName,
      properties.name?.familyName,
      properties.displayName ?? properties.name?.formatted,
      // A name written in another script still meets itself in the address that the directory made of it.
      ...(properties.emails ?? []).filter((email) => email.directorySet).map((email) => email.value.split('@')[0]),
    ),
    logins: [...logins],
    properties,
  };
}
