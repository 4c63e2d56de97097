import type { NodeUpsert } from '../../../src/domain/changes.ts';
import { NEVER_WALKED, NOT_LIVE_LINK, NOT_LIVE_NODE } from '../../../src/domain/flags.ts';
import type { LinkRecord } from '../../../src/domain/graph.ts';
import type { Json, JsonObject } from '../../../src/domain/json.ts';
import { parseKey } from '../../../src/domain/keys.ts';
import { linkKindSpec } from '../../../src/domain/link-kinds.ts';
import { cut, documentOf, type Field, listedOf, termsOf, time } from '../shared/extract.ts';
import type { Parameter, Parameters } from './driver.ts';
import { inBasicPlane } from './plane.ts';

/**
 * How a graph lies in Neo4j; docs/neo4j.md tells it to analysts. What begins with `_` is the gateway's own: labels
 * (`_Node` is on every node, `_Removed` on tombstones) and properties. The rest is for people, made from the same
 * record at every write and never read back.
 */

/** Properties that are points in time: stored as such, so that Cypher can reckon with them. */
const INSTANTS: ReadonlySet<string> = new Set([
  'createdAt',
  'lastLoginAt',
  'lastUsedAt',
  'expiresAt',
  'validUntil',
  'validFrom',
]);

/** Property names that reach Neo4j: not every text can be one, and none of the gateway's own is to be had. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** When a node was written, first and last. */
export interface Written {
  readonly seq: number;
  readonly at: number;
  readonly firstSeenAt: number;
}

/** All properties of a living node. */
export function nodeProperties(id: number, node: NodeUpsert, written: Written): Parameters {
  const { key, name, properties } = node;
  const listed = listedOf(key, name, properties);
  const own = {
    connector: listed.connector,
    nativeId: parseKey(key)!.nativeId,
    live: (node.flags & NOT_LIVE_NODE) === 0,
    firstSeenAt: new Date(written.firstSeenAt),
    changedAt: new Date(written.at),
    ...tombstoneProperties(id, node, written),
    _kind: node.kind,
    _name: inBasicPlane(cut(listed.name)),
    _type: listed.type,
    _status: listed.status,
    _entry: listed.entry,
    _department: listed.department,
    _createdAt: listed.createdAt,
    _lastLoginAt: listed.lastLoginAt,
    _connectors: listed.connectors,
    _search: searchText(documentOf(key, name, properties)),
  };
  return { ...readable(properties), ...own };
}

/** What stays of a removed node: enough to give its last state, nothing that a list or an analyst would find. */
export function tombstoneProperties(
  id: number,
  node: Pick<NodeUpsert, 'key' | 'name' | 'flags' | 'source' | 'hash'> & { readonly properties: JsonObject | string },
  { seq, at, firstSeenAt }: Written,
): Parameters {
  const { key, name, flags, source, hash, properties } = node;
  return {
    key,
    name,
    _id: id,
    _flags: flags,
    _source: source,
    _hash: hash,
    _seq: seq,
    _firstSeenAt: firstSeenAt,
    _changedAt: at,
    _properties: typeof properties === 'string' ? properties : JSON.stringify(properties),
  };
}

/** All properties of a relationship; what is 0 or empty, nearly always, takes no room. */
export function linkProperties(link: LinkRecord, connector: string): Parameters {
  const carries = linkKindSpec(link.kind).walk !== 'never' && (link.flags & (NEVER_WALKED | NOT_LIVE_LINK)) === 0;
  return {
    ...(link.properties === null ? {} : readable(link.properties)),
    connector,
    walkable: carries,
    _source: link.source,
    ...(link.flags === 0 ? {} : { _flags: link.flags }),
    ...(link.qualifier === '' ? {} : { _qualifier: link.qualifier }),
    ...(link.hash === 0 ? {} : { _hash: link.hash, _hashed: hashedOf(link.source, link.from) }),
    ...(link.properties === null ? {} : { _properties: JSON.stringify(link.properties) }),
  };
}

/** Source and start of a link in one number: the index of it gives a source's links in pages, start by start. */
export function hashedOf(source: number, from: number): number {
  return source * 2 ** 32 + from;
}

/**
 * The searchable texts of a node in one, each as `\n\n<text>\u001f<field>`: one text index over it answers what is
 * exactly, begins with or contains a text, in any field or in one. Searchable texts hold neither mark.
 */
function searchText(document: string): string {
  const texts = termsOf(document).map(({ field, term }) => `\n\n${term}\u001f${field}`);
  return inBasicPlane(texts.join(''));
}

/** What {@link searchText} contains when a field is exactly this text; any field without one. */
export function exactNeedle(text: string, field?: (typeof Field)[keyof typeof Field]): string {
  return `\n\n${inBasicPlane(cut(text))}\u001f${field ?? ''}`;
}

export function prefixNeedle(text: string): string {
  return `\n\n${inBasicPlane(text)}`;
}

/** Scalars and lists of them as they are; SCIM's nested values and other objects flattened; the rest is left out. */
function readable(properties: JsonObject): Record<string, Parameter> {
  const flat: Record<string, Parameter> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === 'emails') Object.assign(flat, emailsOf(value));
    else if (typeof value === 'object' && !Array.isArray(value))
      Object.assign(flat, flattened(name, value as JsonObject));
    else set(flat, name, value);
  }
  return flat;
}

/** `name.givenName` is `givenName`, as the API has it; `signOn.mode` is `signOnMode`. */
function flattened(name: string, object: JsonObject): Record<string, Parameter> {
  const flat: Record<string, Parameter> = {};
  for (const [member, value] of Object.entries(object)) {
    const joined = `${name}${member.charAt(0).toUpperCase()}${member.slice(1)}`;
    const isPersonName = name === 'name' && (member === 'givenName' || member === 'familyName');
    if (value !== undefined && value !== null) set(flat, isPersonName ? member : joined, value);
  }
  return flat;
}

function set(flat: Record<string, Parameter>, name: string, value: Json): void {
  if (!NAME.test(name)) return;
  if (typeof value === 'string' && INSTANTS.has(name)) {
    const ms = time(value);
    flat[name] = ms === null ? value : new Date(ms);
  } else if (Array.isArray(value)) {
    // A list in Neo4j holds values of one type.
    if (value.every((item) => typeof item === 'string')) flat[name] = value;
  } else if (typeof value !== 'object') flat[name] = value as string | number | boolean;
}

function emailsOf(emails: Json): Record<string, Parameter> {
  if (!Array.isArray(emails)) return {};
  const found = emails.flatMap((email: Json) => {
    if (email === null || typeof email !== 'object' || !('value' in email)) return [];
    return typeof email.value === 'string' ? [{ value: email.value, isPrimary: email.primary === true }] : [];
  });
  if (found.length === 0) return {};
  return {
    emails: found.map(({ value }) => value),
    primaryEmail: (found.find(({ isPrimary }) => isPrimary) ?? found[0]!).value,
  };
}
