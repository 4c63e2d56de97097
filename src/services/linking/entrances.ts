import { nodeKey } from '../../domain/keys.ts';
import { type AccountFacts, isMachine, normaliseEmail } from './account-facts.ts';
import type { TrustMap } from './trust.ts';

/** What an application's user row says of an account of the application's own tenant. */
export interface AppUser {
  readonly externalId?: string | undefined;
  readonly userName?: string | undefined;
}

/** A way into an account from an account of another tenant. */
export interface Entrance {
  readonly from: AccountFacts;
  /** Key and id of the application it goes through; `null` when it cannot be read. */
  readonly via: { readonly id: number; readonly key: string } | null;
  readonly rule: 'FEDERATED_SUBJECT' | 'PROVIDER_EXTERNAL_ID';
  readonly protocol?: string | undefined;
  readonly evidence: string;
  /** False when a log-in does not go this way: the row only proves whose account it is. */
  readonly opensSession: boolean;
}

/** Finds accounts by key and by log-in name. */
export interface AccountLookup {
  byKey(key: string): AccountFacts | undefined;
  /** The one account of a connector with this log-in name; `undefined` when there is none or more than one. */
  byLogin(connector: string, login: string): AccountFacts | undefined;
}

/**
 * References to accounts of other tenants that may arrive later: the key or log-in that would answer them. When such an
 * account comes, goes or changes, the entrances of the asking account have to be found again.
 */
export type Wanted = string;

export function wantedByLogin(connector: string, login: string): Wanted {
  return `${connector} ${normaliseEmail(login)}`;
}

/** How an account's own subjects say it is entered, through trusted connections only. */
export function entrancesBySubject(
  account: AccountFacts,
  trust: TrustMap,
  lookup: AccountLookup,
): { entrances: Entrance[]; wanted: Wanted[] } {
  const entrances: Entrance[] = [];
  const wanted: Wanted[] = [];
  for (const subject of account.properties.federatedSubjects ?? []) {
    const upstream = trust.of(account.connector, subject.connectionId, subject.connectionName);
    if (upstream === null) continue;
    const key = nodeKey(upstream.connector, 'Account', subject.subject);
    const from = subject.subjectType === 'id' ? lookup.byKey(key) : lookup.byLogin(upstream.connector, subject.subject);
    wanted.push(subject.subjectType === 'id' ? key : wantedByLogin(upstream.connector, subject.subject));
    if (from === undefined || isMachine(from)) continue;
    entrances.push({
      from,
      via: upstream.via,
      rule: 'FEDERATED_SUBJECT',
      evidence: `${account.nativeId} is subject ${subject.subject} at ${upstream.connector}`,
      opensSession: true,
    });
  }
  return { entrances, wanted };
}

/** The account at the other tenant that an application's user row points at. */
export function targetOfAppUser(
  connector: string,
  row: AppUser,
  lookup: AccountLookup,
  saysWhereFrom: boolean,
): { target: AccountFacts | undefined; wanted: Wanted[] } {
  const wanted: Wanted[] = [];
  if (row.externalId) {
    const key = nodeKey(connector, 'Account', row.externalId);
    wanted.push(key);
    const target = lookup.byKey(key);
    if (target !== undefined) return { target, wanted };
  }
  // A tenant that itself says where its accounts come from needs no guess by name.
  if (row.userName && !saysWhereFrom) {
    wanted.push(wantedByLogin(connector, row.userName));
    const target = lookup.byLogin(connector, row.userName);
    if (target !== undefined && target.properties.entry !== 'DIRECT') return { target, wanted };
  }
  return { target: undefined, wanted };
}
