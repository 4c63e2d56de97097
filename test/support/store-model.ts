import fc from 'fast-check';
import type { ChangeSet, LinkUpsert, NodeUpsert } from '../../src/domain/changes.ts';
import type { LinkKey, LinkRecord, LinkState, NodeState } from '../../src/domain/graph.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { LINK_KIND_NAMES } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';

/** One thing that a commit did, in a shape that two sides can compare as a set. */
export interface Effect {
  readonly what: string;
  readonly before: NodeState | LinkState | null;
  readonly after: NodeState | LinkState | null;
}

interface ModelNode {
  readonly id: number;
  readonly source: number;
  readonly removed: boolean;
  readonly state: NodeState;
}

/**
 * What a store promises about nodes and links, in the plainest words: two maps. Written from the port's comments,
 * not from a store.
 */
export class StoreModel {
  readonly nodes = new Map<string, ModelNode>();
  readonly links = new Map<string, LinkRecord>();

  readonly #isShared: boolean;

  /** @param isShared no link is left without its ends, whatever the writer says */
  constructor(isShared = false) {
    this.#isShared = isShared;
  }

  /** @returns what changed; empty when the change set takes no seq */
  apply(change: ChangeSet): Effect[] {
    const before = { nodes: new Map(this.nodes), links: new Map(this.links) };
    const idOf = new Map<number, number>();
    const lastId = new Map(change.nodes?.map(({ id, key }) => [key, id]));
    for (const { id, key } of change.nodes ?? []) idOf.set(id, this.nodes.get(key)?.id ?? lastId.get(key)!);
    const gone = new Set(change.removedNodes?.map((id) => idOf.get(id) ?? id));
    for (const { id, key, source, ...node } of change.nodes ?? []) {
      if (gone.has(idOf.get(id)!)) continue;
      const { name, flags, properties, hash } = node;
      this.nodes.set(key, { id: idOf.get(id)!, source, removed: false, state: { name, flags, properties, hash } });
    }
    const settle = <L extends LinkKey>(link: L): L => ({
      ...link,
      from: idOf.get(link.from) ?? link.from,
      to: idOf.get(link.to) ?? link.to,
    });
    for (const link of (change.links ?? []).map(settle)) this.links.set(linkName(link), link);
    for (const link of (change.removedLinks ?? []).map(settle)) this.links.delete(linkName(link));
    for (const [key, node] of this.nodes) {
      if (gone.has(node.id)) this.nodes.set(key, { ...node, removed: true });
    }
    if (this.#isShared) this.#dropDangling();
    return [...this.#nodeEffects(before.nodes), ...this.#linkEffects(before.links)];
  }

  #dropDangling(): void {
    const living = new Set([...this.nodes.values()].flatMap(({ id, removed }) => (removed ? [] : [id])));
    for (const [name, { from, to }] of this.links) {
      if (!living.has(from) || !living.has(to)) this.links.delete(name);
    }
  }

  #nodeEffects(before: ReadonlyMap<string, ModelNode>): Effect[] {
    return [...this.nodes].flatMap(([key, node]) => {
      const old = before.get(key);
      const was = old === undefined || old.removed ? null : old.state;
      const is = node.removed ? null : node.state;
      const isSame = JSON.stringify([was, old?.source]) === JSON.stringify([is, node.source]);
      if (isSame || (was === null && is === null)) return [];
      return [{ what: `${node.id} ${key} ${node.source}`, before: was, after: is }];
    });
  }

  #linkEffects(before: ReadonlyMap<string, LinkRecord>): Effect[] {
    return [...new Set([...before.keys(), ...this.links.keys()])].flatMap((name) => {
      const was = linkState(before.get(name));
      const is = linkState(this.links.get(name));
      return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ what: name, before: was, after: is }];
    });
  }
}

export function linkName({ source, from, kind, to, qualifier }: LinkKey): string {
  return JSON.stringify([source, from, kind, to, qualifier]);
}

function linkState(link: LinkRecord | undefined): LinkState | null {
  return link === undefined ? null : { flags: link.flags, properties: link.properties, hash: link.hash };
}

/** The small world in which random change sets play: few keys, so that they meet often. */
export interface Pool {
  readonly keys: readonly { readonly key: string; readonly kind: NodeKind }[];
  /** Id of the first key; the others follow. Behind them as many fresh ids again, for keys that come under a new one. */
  readonly firstId: number;
  readonly sources: readonly number[];
}

export const weirdText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '',
    "'",
    '"',
    '%',
    '_',
    '\\',
    '\u0000',
    'a\u0000b',
    '\u0001',
    '\u00010000',
    '\ud800x',
    '😀',
    'é',
    'é',
    '{"a":1}',
    'null',
  ),
);

/** Random change sets over a pool; equal hashes always stand for equal contents. */
export function changeSets({ keys, firstId, sources }: Pool): fc.Arbitrary<Omit<ChangeSet, 'changeId'>[]> {
  const source = fc.constantFrom(...sources);
  const place = fc.nat({ max: keys.length - 1 });
  const id = place.map((n) => firstId + n);
  const contents = fc.nat({ max: 3 });
  const texts = fc.memo(() => weirdText)();
  const node = fc
    .record({ n: place, source, name: texts, flags: fc.nat({ max: 7 }), contents, fresh: fc.nat({ max: 9 }) })
    .map(({ n, source, name, flags, contents, fresh }): NodeUpsert => {
      // One in ten writers does not know the key and comes with an id of its own.
      const id = firstId + n + (fresh === 0 ? keys.length : 0);
      return { id, ...keys[n]!, source, name, flags, ...contentsOf(contents) };
    });
  const linkKey: fc.Arbitrary<LinkKey> = fc.record({
    source,
    from: id,
    kind: fc.constantFrom(...LINK_KIND_NAMES),
    to: id,
    qualifier: fc.oneof({ weight: 4, arbitrary: fc.constant('') }, { weight: 1, arbitrary: texts }),
  });
  const link = fc
    .record({ key: linkKey, flags: fc.nat({ max: 15 }), contents })
    .map(({ key, flags, contents }): LinkUpsert => {
      const bare = contents === 0 && key.qualifier === '';
      return { ...key, flags, ...(bare ? { properties: null, hash: 0 } : contentsOf(contents)) };
    });
  const several = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { maxLength: 6 });
  const change = fc.record({
    cause: fc.constantFrom('SYNC' as const, 'LINKING' as const),
    connector: fc.constantFrom('one', null),
    nodes: several(node),
    links: several(link),
    removedLinks: several(linkKey),
    removedNodes: fc.array(id, { maxLength: 2 }),
  });
  return fc.array(change, { minLength: 1, maxLength: 8 });
}

function contentsOf(n: number): { properties: JsonObject; hash: number } {
  return { properties: { n, nested: { list: [n, null, 'x\u0000'], yes: true } }, hash: 1_000 + n };
}
