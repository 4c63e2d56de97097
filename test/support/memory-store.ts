import { randomUUID } from 'node:crypto';
import { seqMoved, storeIncomplete, storeMissing, storeNotEmpty } from '../../datasources/stores/shared/errors.ts';
import type {
  ChangeSet,
  CommittedChange,
  LinkChange,
  NodeChange,
  PendingLink,
  PendingLinkKey,
} from '../../src/domain/changes.ts';
import { AppError, storeReplaced } from '../../src/domain/errors.ts';
import type { LinkKey, LinkRecord, LinkState, NodeState, SourceRef } from '../../src/domain/graph.ts';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { parseKey } from '../../src/domain/keys.ts';
import { linkKindCode } from '../../src/domain/link-kinds.ts';
import { nodeKindCode } from '../../src/domain/node-kinds.ts';
import type { RecordType } from '../../src/domain/records.ts';
import type { Clock } from '../../src/ports/clock.ts';
import {
  type GraphStore,
  type Lease,
  type StoredNode,
  type TopologyChunk,
  VIA_UNKNOWN,
} from '../../src/ports/graph-store.ts';
import type { StoreChunk } from '../../src/ports/store-dump.ts';
import { listNodes, searchNodes } from './memory-lists.ts';

export interface MemoryStoreOptions {
  readonly clock?: Clock;
  /** As a database that several gateways write to; default false. */
  readonly isShared?: boolean;
}

/** A graph store without a disk, for unit tests of what is written against the port: plain, complete, slow on lists. */
export function createMemoryStore(options: MemoryStoreOptions = {}): GraphStore {
  return memoryStores(options)();
}

/** Store objects over the same data, as if a file was opened again and again. */
export function memoryStores(options: MemoryStoreOptions = {}): () => GraphStore {
  const isShared = options.isShared ?? false;
  const now = (): number => options.clock?.now() ?? Date.now();
  let storeId = randomUUID();
  let isThere = false;
  let isRestoring = false;
  const nodes = new Map<number, StoredNode>();
  const idByKey = new Map<string, number>();
  const sourceOfNode = new Map<number, number>();
  const links = new Map<string, LinkRecord>();
  const linksByPair = new Map<string, Set<string>>();
  const pending = new Map<string, PendingLink>();
  const redirects = new Map<string, string>();
  const checkpoints = new Map<string, JsonObject>();
  const records = new Map<RecordType, Map<string, JsonObject>>();
  const cursors = new Map<string, number>();
  const leases = new Map<string, Lease>();
  const sources: SourceRef[] = [];
  const byChangeId = new Map<string, CommittedChange | null>();
  let log: CommittedChange[] = [];
  let horizon = 0;
  let seq = 0;
  let lastAt = 0;
  let nextId = 1;
  const info = () => ({
    storeId,
    seq,
    schema: 1,
    engine: 'memory',
    sources: sourceList(),
  });
  const sourceList = () => sources.map((source, i) => ({ id: i + 1, source }));
  const follow = (key: string): string => redirects.get(key) ?? key;
  const livingId = (key: string): number | null => {
    const id = idByKey.get(follow(key));
    return id === undefined || nodes.get(id)!.removed ? null : id;
  };

  const isAlive = (id: number): boolean => nodes.get(id)?.removed === false;

  function checkSource(source: number): void {
    if (sources[source - 1] === undefined) throw new AppError('CHANGE_INVALID', `The source ${source} is not known.`);
  }

  function check(change: ChangeSet): void {
    for (const { source } of [...(change.nodes ?? []), ...(change.links ?? []), ...(change.addPending ?? [])]) {
      checkSource(source);
    }
    if (change.consumer !== undefined && change.consumer.seq < 0) {
      throw new AppError('CHANGE_INVALID', `A cursor cannot stand at ${change.consumer.seq}.`);
    }
    for (const { id, key, kind } of change.nodes ?? []) {
      if (parseKey(key)?.kind !== kind)
        throw new AppError('CHANGE_INVALID', `The key of node ${id} is not one of its kind.`);
      if (idByKey.has(key)) continue;
      if (id < 1 || id >= nextId) throw new AppError('CHANGE_INVALID', `The id ${id} was never handed out.`);
      if (nodes.has(id)) throw new AppError('CHANGE_INVALID', `The id ${id} belongs to another key.`);
    }
  }

  function putNode(node: NonNullable<ChangeSet['nodes']>[number], at: number): NodeChange | null {
    const known = nodes.get(node.id);
    const before = known && !known.removed ? stateOf(known) : null;
    const after = plain<NodeState>({
      name: node.name,
      flags: node.flags,
      properties: node.properties,
      hash: node.hash,
    });
    const isSame = before?.name === after.name && before.flags === after.flags && before.hash === after.hash;
    if (isSame && sourceOfNode.get(node.id) === node.source) return null;
    nodes.set(node.id, {
      ...after,
      ...parseKey(node.key)!,
      id: node.id,
      key: node.key,
      listing: sources[node.source - 1]!.listing,
      seq: seq + 1,
      firstSeenAt: known?.firstSeenAt ?? at,
      changedAt: at,
      removed: false,
    });
    idByKey.set(node.key, node.id);
    sourceOfNode.set(node.id, node.source);
    if (!before) redirects.delete(node.key);
    return { id: node.id, key: node.key, kind: node.kind, source: node.source, before, after };
  }

  function putLink(link: LinkRecord): LinkChange | null {
    const key = linkText(link);
    const known = links.get(key);
    if (known && known.flags === link.flags && known.hash === link.hash) return null;
    const record = plain<LinkRecord>(link);
    links.set(key, record);
    const pair = `${link.from}>${link.to}`;
    const keys = linksByPair.get(pair);
    if (keys) keys.add(key);
    else linksByPair.set(pair, new Set([key]));
    return { ...keyOf(link), before: known ? linkState(known) : null, after: linkState(record) };
  }

  function dropLink(link: LinkKey): LinkChange | null {
    const key = linkText(link);
    const known = links.get(key);
    if (!known) return null;
    links.delete(key);
    linksByPair.get(`${link.from}>${link.to}`)?.delete(key);
    return { ...keyOf(link), before: linkState(known), after: null };
  }

  function dropNode(id: number, at: number): NodeChange | null {
    const known = nodes.get(id);
    if (!known || known.removed) return null;
    nodes.set(id, { ...known, removed: true, seq: seq + 1, changedAt: at });
    const { key, kind } = known;
    return { id, key, kind, source: sourceOfNode.get(id)!, before: stateOf(known), after: null };
  }

  /** Chains collapse at once; one that turns around loses its old direction. */
  function redirect(from: string, to: string): void {
    if (from === to) {
      redirects.delete(from);
      return;
    }
    const next = redirects.get(to);
    if (next === from) redirects.delete(to);
    const target = next === undefined || next === from ? to : next;
    for (const [key, goal] of redirects) if (goal === from) redirects.set(key, target);
    redirects.set(from, target);
  }

  function writeSides(change: ChangeSet): void {
    for (const link of change.addPending ?? []) pending.set(pendingText(link), plain(link));
    for (const link of change.removePending ?? []) pending.delete(pendingText(link));
    for (const { from, to } of change.redirects ?? []) redirect(from, to);
    for (const { source, state } of change.checkpoints ?? []) {
      if (state === null) checkpoints.delete(sourceText(source));
      else checkpoints.set(sourceText(source), plain(state));
    }
    if (change.consumer) cursors.set(change.consumer.name, change.consumer.seq);
  }

  function* dumpAll(): Generator<StoreChunk> {
    yield { section: 'meta', rows: [{ seq, horizon, at: lastAt, nextId }] };
    yield { section: 'sources', rows: sourceList() };
    const rows = [...nodes.values()].map(({ kind: _, connector: __, nativeId: ___, listing: ____, ...node }) => ({
      ...node,
      source: sourceOfNode.get(node.id)!,
    }));
    yield { section: 'nodes', rows };
    yield { section: 'redirects', rows: [...redirects].map(([from, to]) => ({ from, to })) };
    yield { section: 'links', rows: [...links.values()] };
    yield { section: 'changes', rows: log.map(({ v: _, storeId: __, ...change }) => change) };
    const quiet = [...byChangeId].filter(([, row]) => row === null);
    yield { section: 'quietChanges', rows: quiet.map(([changeId]) => ({ changeId })) };
    yield { section: 'pending', rows: [...pending.values()] };
    const states = [...checkpoints].map(([text, state]) => {
      const [connector, listing]: [string, string] = JSON.parse(text);
      return { source: { connector, listing }, state };
    });
    yield { section: 'checkpoints', rows: states };
    const all = [...records].flatMap(([type, ofType]) => [...ofType].map(([id, value]) => ({ type, id, value })));
    yield { section: 'records', rows: all };
    yield { section: 'cursors', rows: [...cursors].map(([consumer, at]) => ({ consumer, seq: at })) };
  }

  function clear(): void {
    for (const map of [nodes, idByKey, sourceOfNode, links, linksByPair, pending, redirects, checkpoints]) map.clear();
    for (const map of [records, cursors, byChangeId]) map.clear();
    sources.length = 0;
    log = [];
    horizon = seq = lastAt = 0;
    nextId = 1;
  }

  function take(chunk: StoreChunk): void {
    switch (chunk.section) {
      case 'meta':
        for (const row of chunk.rows) ({ seq, horizon, at: lastAt, nextId } = row);
        break;
      case 'sources':
        for (const { id, source } of chunk.rows) sources[id - 1] = source;
        break;
      case 'nodes':
        for (const { source, ...node } of chunk.rows) {
          nodes.set(node.id, { ...node, ...parseKey(node.key)!, listing: sources[source - 1]!.listing });
          idByKey.set(node.key, node.id);
          sourceOfNode.set(node.id, source);
        }
        break;
      case 'redirects':
        for (const { from, to } of chunk.rows) redirects.set(from, to);
        break;
      case 'links':
        for (const link of chunk.rows) putLink(link);
        break;
      case 'changes':
        for (const change of chunk.rows) {
          const row: CommittedChange = { v: 1, storeId, ...change };
          log.push(row);
          byChangeId.set(change.changeId, row);
        }
        break;
      case 'quietChanges':
        for (const { changeId } of chunk.rows) byChangeId.set(changeId, null);
        break;
      case 'pending':
        for (const link of chunk.rows) pending.set(pendingText(link), link);
        break;
      case 'checkpoints':
        for (const { source, state } of chunk.rows) checkpoints.set(sourceText(source), state);
        break;
      case 'records':
        for (const { type, id, value } of chunk.rows)
          records.set(type, (records.get(type) ?? new Map()).set(id, value));
        break;
      case 'cursors':
        for (const { consumer, seq: at } of chunk.rows) cursors.set(consumer, at);
        break;
    }
  }

  function apply(change: ChangeSet): CommittedChange | null {
    const { fence } = change;
    if (fence) {
      const lease = leases.get(fence.lease);
      if (lease?.token !== fence.token || lease.expiresAt <= now()) {
        throw new AppError('LEASE_LOST', `The lease ${fence.lease} has been lost; nothing was written.`);
      }
    }
    if (seq < (change.knownSeq ?? 0)) throw storeReplaced();
    if (change.expectedSeq !== undefined && change.expectedSeq !== seq) throw seqMoved(seq);
    check(change);
    const at = Math.max(now(), lastAt);
    // Who comes last wins and a removal wins over an upsert, so that every row tells before and after the whole.
    const upserts = new Map((change.nodes ?? []).map((node) => [node.key, node]));
    // A key keeps its id: a writer that did not know it brought a fresh one.
    const settled = new Map<number, number>();
    for (const { id, key } of change.nodes ?? []) settled.set(id, idByKey.get(key) ?? upserts.get(key)!.id);
    const goneNodes = new Set((change.removedNodes ?? []).map((id) => settled.get(id) ?? id));
    const settle = <L extends LinkKey>(link: L): L => ({
      ...link,
      from: settled.get(link.from) ?? link.from,
      to: settled.get(link.to) ?? link.to,
    });
    const goneLinks = new Map((change.removedLinks ?? []).map(settle).map((link) => [linkText(link), link]));
    const newLinks = new Map((change.links ?? []).map(settle).map((link) => [linkText(link), link]));
    const nodeChanges = [
      ...[...upserts.values()]
        .map((node) => ({ ...node, id: settled.get(node.id)! }))
        .filter(({ id }) => !goneNodes.has(id))
        .map((node) => putNode(node, at)),
      ...[...goneNodes].map((id) => dropNode(id, at)),
    ].filter((entry) => entry !== null);
    if (isShared) {
      for (const [text, link] of links)
        if (goneNodes.has(link.from) || goneNodes.has(link.to)) goneLinks.set(text, link);
    }
    const linkChanges = [
      ...[...newLinks]
        .filter(([text, { from, to }]) => !goneLinks.has(text) && (!isShared || (isAlive(from) && isAlive(to))))
        .map(([, link]) => putLink(link)),
      ...[...goneLinks.values()].map(dropLink),
    ].filter((entry) => entry !== null);
    writeSides(change);
    if (nodeChanges.length === 0 && linkChanges.length === 0) return null;
    seq++;
    lastAt = at;
    const { changeId, cause, connector, runId = null, actor = null } = change;
    const row: CommittedChange = {
      ...{ v: 1, storeId, seq, changeId, at, cause, connector, runId, actor },
      ...{ nodes: nodeChanges, links: linkChanges },
    };
    log.push(row);
    return row;
  }

  return () => {
    let closed = false;
    const here = (): void => {
      if (closed) throw new AppError('STORE_CLOSED', 'The store is closed.');
    };
    return {
      isShared,
      async open({ create = true } = {}) {
        here();
        if (isRestoring) throw storeIncomplete('in memory');
        if (!isThere && !create) throw storeMissing('in memory');
        isThere = true;
        return info();
      },
      async restore({ replace = false } = {}) {
        here();
        const held = [...leases.values()].some(({ expiresAt }) => expiresAt > now());
        if (isShared && held) throw new AppError('STORE_IN_USE', 'Somebody holds a lease.');
        if (isRestoring && !replace) throw storeIncomplete('in memory');
        const isEmpty = [...dumpAll()].every(({ section, rows }) => section === 'meta' || rows.length === 0);
        if (!isEmpty && !replace) throw storeNotEmpty('in memory');
        isThere = true;
        isRestoring = true;
        clear();
        storeId = randomUUID();
        return {
          info: info(),
          async write(chunk) {
            here();
            take(plain(chunk));
          },
          async finish() {
            here();
            isRestoring = false;
          },
        };
      },
      async *dump() {
        here();
        yield* [...dumpAll()].map((chunk) => plain(chunk));
      },
      async commit(change) {
        here();
        const known = byChangeId.get(change.changeId);
        if (known !== undefined) return known;
        const row = apply(change);
        byChangeId.set(change.changeId, row);
        return row;
      },
      async *changes(after, { signal, limit = Number.POSITIVE_INFINITY } = {}) {
        here();
        const newest = Math.min(seq, after + limit);
        for (let at = after; ; at++) {
          if (at < horizon) throw new AppError('CURSOR_TOO_OLD', `Changes after ${at} are no longer kept.`);
          if (at >= newest) return;
          signal?.throwIfAborted();
          yield log[at - horizon]!;
        }
      },
      async range() {
        here();
        return { seq, horizon };
      },
      async *topology() {
        here();
        yield { seq, nodes: nodeColumns(), links: linkColumns() };
      },
      async nodes(ids) {
        here();
        return ids.map((id) => nodes.get(id) ?? null);
      },
      async idsByKey(keys) {
        here();
        return keys.map(livingId);
      },
      async *keys(connector) {
        here();
        const own = [...nodes.values()].filter((node) => node.connector === connector);
        if (own.length === 0) return;
        yield {
          ids: Uint32Array.from(own, ({ id }) => id),
          keys: own.map(({ key }) => key),
          removed: Uint8Array.from(own, ({ removed }) => Number(removed)),
        };
      },
      async links(pairs) {
        here();
        return pairs.map(({ from, to }) => [...(linksByPair.get(`${from}>${to}`) ?? [])].map((key) => links.get(key)!));
      },
      async *linkHashes(connector) {
        here();
        const own = [...links.values()].filter(
          (link) => link.hash !== 0 && sources[link.source - 1]!.connector === connector,
        );
        if (own.length === 0) return;
        yield {
          source: Uint16Array.from(own, (link) => link.source),
          from: Uint32Array.from(own, (link) => link.from),
          kind: Uint8Array.from(own, (link) => linkKindCode(link.kind)),
          to: Uint32Array.from(own, (link) => link.to),
          qualifiers: own.map((link) => link.qualifier),
          hash: Uint32Array.from(own, (link) => link.hash),
        };
      },
      async allocateIds(count) {
        here();
        const first = nextId;
        nextId += count;
        return first;
      },
      async sourceId(source) {
        here();
        const at = sources.findIndex((known) => sourceText(known) === sourceText(source));
        return at >= 0 ? at + 1 : sources.push({ connector: source.connector, listing: source.listing });
      },
      async sources() {
        here();
        return sourceList();
      },
      async list(query) {
        here();
        return listNodes(nodes.values(), query);
      },
      async search(query) {
        here();
        return searchNodes(nodes.values(), query);
      },
      async checkpoint(source) {
        here();
        return checkpoints.get(sourceText(source)) ?? null;
      },
      async pendingFor(keys) {
        here();
        const wanted = new Set(keys);
        return [...pending.values()].filter((link) => wanted.has(link.fromKey) || wanted.has(link.toKey));
      },
      async pendingCount(connector) {
        here();
        if (connector === undefined) return pending.size;
        return [...pending.values()].filter((link) => sources[link.source - 1]?.connector === connector).length;
      },
      async *pendingKeys() {
        here();
        const keys = new Set([...pending.values()].flatMap((link) => [link.fromKey, link.toKey]));
        if (keys.size > 0) yield [...keys];
      },
      async putRecord(type, id, value) {
        here();
        const ofType = records.get(type) ?? new Map<string, JsonObject>();
        records.set(type, ofType);
        if (value === null) ofType.delete(id);
        else ofType.set(id, plain(value));
      },
      async getRecord(type, id) {
        here();
        return records.get(type)?.get(id) ?? null;
      },
      async listRecords(type, { prefix = '', newestFirst = false, limit = Number.POSITIVE_INFINITY } = {}) {
        here();
        const all = [...(records.get(type) ?? [])].filter(([id]) => id.startsWith(prefix));
        all.sort(([a], [b]) => (a < b ? -1 : 1) * (newestFirst ? -1 : 1));
        return all.slice(0, limit).map(([id, value]) => ({ id, value }));
      },
      async cursor(consumer) {
        here();
        return cursors.get(consumer) ?? 0;
      },
      async setCursor(consumer, at) {
        here();
        cursors.set(consumer, at);
      },
      async acquireLease(name, holder, ttlMs) {
        here();
        const held = leases.get(name);
        if (held && held.holder !== holder && held.expiresAt > now()) return null;
        const lease = { name, holder, token: (held?.token ?? 0) + 1, expiresAt: now() + ttlMs };
        leases.set(name, lease);
        return lease;
      },
      async renewLease(lease, ttlMs) {
        here();
        const held = leases.get(lease.name);
        if (held?.token !== lease.token || held.expiresAt <= now()) return false;
        leases.set(lease.name, { ...held, expiresAt: now() + ttlMs });
        return true;
      },
      async releaseLease(lease) {
        here();
        const held = leases.get(lease.name);
        if (held?.token === lease.token) leases.set(lease.name, { ...held, expiresAt: 0 });
      },
      async prune(upTo) {
        here();
        horizon = Math.max(horizon, Math.min(upTo, seq));
        log = log.filter((row) => row.seq > horizon);
      },
      async close() {
        closed = true;
      },
    };
  };

  function nodeColumns(): NonNullable<TopologyChunk['nodes']> {
    const living = [...nodes.values()].filter((node) => !node.removed);
    return {
      id: Uint32Array.from(living, ({ id }) => id),
      kind: Uint8Array.from(living, ({ kind }) => nodeKindCode(kind)),
      flags: Uint8Array.from(living, ({ flags }) => flags),
      source: Uint16Array.from(living, ({ id }) => sourceOfNode.get(id)!),
      hash: Uint32Array.from(living, ({ hash }) => hash),
    };
  }

  function linkColumns(): NonNullable<TopologyChunk['links']> {
    const all = [...links.values()];
    return {
      from: Uint32Array.from(all, ({ from }) => from),
      to: Uint32Array.from(all, ({ to }) => to),
      kind: Uint8Array.from(all, ({ kind }) => linkKindCode(kind)),
      flags: Uint8Array.from(all, ({ flags }) => flags),
      source: Uint16Array.from(all, ({ source }) => source),
      via: Uint32Array.from(all, ({ kind, properties }) => {
        const via = kind === 'FEDERATES' ? properties?.['via'] : undefined;
        if (typeof via !== 'string') return 0;
        return idByKey.get(follow(via)) ?? VIA_UNKNOWN;
      }),
    };
  }
}

const stateOf = ({ name, flags, properties, hash }: StoredNode): NodeState => ({ name, flags, properties, hash });
const linkState = ({ flags, properties, hash }: LinkState): LinkState => ({ flags, properties, hash });
const keyOf = ({ source, from, kind, to, qualifier }: LinkKey): LinkKey => ({ source, from, kind, to, qualifier });
const linkText = ({ source, from, kind, to, qualifier }: LinkKey): string =>
  JSON.stringify([source, from, kind, to, qualifier]);
const pendingText = ({ source, fromKey, kind, toKey, qualifier }: PendingLinkKey): string =>
  JSON.stringify([source, fromKey, kind, toKey, qualifier]);
const sourceText = ({ connector, listing }: SourceRef): string => JSON.stringify([connector, listing]);

/** A copy as it would come back from a disk: nobody can change what is stored through what was given. */
function plain<T extends object | Json>(value: T): T {
  const copy: T = JSON.parse(JSON.stringify(value));
  return copy;
}
