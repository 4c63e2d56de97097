import { Connection } from '../../datasources/stores/sqlite/driver.ts';
import { NEVER_WALKED, NOT_LIVE_LINK, NOT_LIVE_NODE } from '../../src/domain/flags.ts';
import { linkKindSpec } from '../../src/domain/link-kinds.ts';
import type { PlainGraph } from './naive-access.ts';

/** The rules of access as one recursive SQL query: a second opinion that shares no code with the index. */
export class SqlAccess implements Disposable {
  readonly #db = new Connection(':memory:', { busyTimeoutMs: 0 });

  constructor(graph: PlainGraph) {
    this.#db.exec(`
      create table node (id integer primary key, flags integer not null);
      create table link (src integer, dst integer, flags integer, walk text, via integer);
      create index link_src on link (src);
    `);
    for (const { id, flags } of graph.nodes) this.#db.run('insert into node values (?, ?)', id, flags);
    for (const { from, to, flags, kind, via } of graph.links) {
      // An application that names nothing is one that nobody can reach.
      const id = via === 'lost' ? -1 : (via ?? null);
      this.#db.run('insert into link values (?, ?, ?, ?, ?)', from, to, flags, linkKindSpec(kind).walk, id);
    }
  }

  /** Ids that `start` reaches, ascending, without itself. */
  reach(start: number, includeNotLive = false): number[] {
    const barredNode = includeNotLive ? 0 : NOT_LIVE_NODE;
    const barredLink = includeNotLive ? NEVER_WALKED : NEVER_WALKED | NOT_LIVE_LINK;
    const rows = this.#db.all<[number]>(
      `with recursive
         open (id) as (select id from node where flags & ?2 = 0),
         walked (src, dst) as (
           select src, dst from link where walk = 'always' and flags & ?3 = 0 and dst in (select id from open)),
         login (src, dst, via) as (
           select src, dst, via from link
           where walk = 'conditional' and flags & ?3 = 0 and dst in (select id from open)),
         own (start, id) as (
           select distinct src, src from login where src in (select id from open)
           union
           select own.start, walked.dst from own join walked on walked.src = own.id),
         step (src, dst) as (
           select src, dst from walked
           union
           select src, dst from login
           where via is null or exists (select 1 from own where own.start = login.src and own.id = login.via)),
         reached (id) as (
           select id from open where id = ?1
           union
           select step.dst from reached join step on step.src = reached.id)
       select id from reached where id <> ?1 order by id`,
      start,
      barredNode,
      barredLink,
    );
    return rows.map(([id]) => id);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
