import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { LinkUpsert, NodeUpsert } from '../../src/domain/changes.ts';
import { LinkFlag, NodeFlag } from '../../src/domain/flags.ts';
import { LINK_KIND_NAMES } from '../../src/domain/link-kinds.ts';
import { NODE_KINDS } from '../../src/domain/node-kinds.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { aLink, aNode } from './graph-builder.ts';

const FOLDER = new URL('../fixtures/access/', import.meta.url);

const nodeFlags = z.array(z.enum(['INACTIVE', 'EXPIRED', 'STALE'])).default([]);
const linkFlags = z.array(z.enum(['INACTIVE', 'DERIVED', 'EXPIRED', 'EVIDENCE'])).default([]);
const nodeSchema = z.union([
  z.enum(NODE_KINDS).transform((kind) => ({ kind, flags: [] })),
  z.strictObject({ kind: z.enum(NODE_KINDS), flags: nodeFlags }),
]);
const endsSchema = z.string().transform((text, context) => {
  const [from, kind, to, ...rest] = text.split(' ');
  const known = LINK_KIND_NAMES.find((name) => name === kind);
  if (from && known && to && rest.length === 0) return { from, kind: known, to };
  context.addIssue(`not a link: ${text}`);
  return z.NEVER;
});
const linkSchema = z.union([
  endsSchema.transform((link) => ({ link, flags: [], by: 'okta', via: undefined })),
  z.strictObject({ link: endsSchema, flags: linkFlags, by: z.string().default('okta'), via: z.string().optional() }),
]);
const notLive = z.boolean().default(false);
const caseSchema = z.strictObject({
  name: z.string(),
  why: z.string(),
  nodes: z.record(z.string().regex(/^\S+$/), nodeSchema),
  links: z.array(linkSchema),
  paths: z
    .array(
      z.strictObject({
        from: z.string(),
        to: z.string(),
        mode: z.enum(['all', 'shortest']).default('all'),
        notLive,
        found: z.array(z.string()),
      }),
    )
    .default([]),
  reach: z.array(z.strictObject({ from: z.string(), notLive, finds: z.array(z.string()) })).default([]),
  who: z.array(z.strictObject({ to: z.string(), notLive, finds: z.array(z.string()) })).default([]),
});

/** A golden case, see `test/fixtures/access/README.md`. */
export type AccessCase = z.infer<typeof caseSchema>;

/** All golden cases, each checked against its shape: a misspelt kind or flag is an error. */
export function accessCases(): AccessCase[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
  return files.sort().map((file) => caseSchema.parse(parse(readFileSync(new URL(file, FOLDER), 'utf8'))));
}

/** What writes a case into a graph: nodes in the order of the file have ascending ids from `firstId`. */
export interface CaseRows {
  readonly nodes: readonly NodeUpsert[];
  readonly links: readonly LinkUpsert[];
  idOf(name: string): number;
  nameOf(id: number): string;
}

/**
 * Allocates ids and sources in the store and gives the rows to commit, in whatever portions and order.
 * @param prefix of the native ids, where several cases share a store
 */
export async function rowsOf(access: AccessCase, store: GraphStore, prefix = ''): Promise<CaseRows> {
  const names = Object.keys(access.nodes);
  const firstId = await store.allocateIds(names.length);
  const idOf = (name: string): number => {
    const at = names.indexOf(name);
    if (at < 0) throw new Error(`${access.name}: there is no node ${name}`);
    return firstId + at;
  };
  const sources = new Map<string, number>();
  for (const by of new Set(['okta', ...access.links.map((link) => link.by)])) {
    sources.set(by, await store.sourceId({ connector: by, listing: 'all' }));
  }
  const nodes = Object.entries(access.nodes).map(([name, { kind, flags }]) =>
    aNode(idOf(name), kind, `${prefix}${name}`, { name, source: sources.get('okta')!, flags: bits(flags, NodeFlag) }),
  );
  const links = access.links.map(({ link, flags, by, via }) =>
    aLink(idOf(link.from), link.kind, idOf(link.to), {
      source: sources.get(by)!,
      flags: bits(flags, LinkFlag),
      via:
        via === undefined
          ? undefined
          : (nodes.find(({ name }) => name === via)?.key ?? `okta/Application/${prefix}${via}`),
    }),
  );
  return { nodes, links, idOf, nameOf: (id) => names[id - firstId]! };
}

function bits<Name extends string>(names: readonly Name[], values: { readonly [name in Name]: number }): number {
  return names.reduce((sum, name) => sum | values[name], 0);
}
