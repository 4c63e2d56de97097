import { expect } from 'vitest';
import type { AccessIndex } from '../../src/services/access/access-index.ts';
import { type Path, paths, reach, whoCanReach } from '../../src/services/access/queries.ts';
import type { AccessCase, CaseRows } from './access-cases.ts';

/** Asks the index every question of a golden case. */
export function expectAnswers(access: AccessCase, rows: CaseRows, index: AccessIndex): void {
  const names = (ids: Iterable<number>): string[] => [...ids].map(rows.nameOf).sort();
  for (const { from, to, mode, notLive, found } of access.paths) {
    const answer = paths(index, rows.idOf(from), rows.idOf(to), { mode, includeNotLive: notLive, limit: 100 });
    expect({ from, to, found: answer.paths.map((path) => readable(path, rows)) }).toEqual({ from, to, found });
  }
  for (const { from, notLive, finds } of access.reach) {
    const answer = reach(index, rows.idOf(from), { includeNotLive: notLive });
    expect({ from, finds: names(answer.ids) }).toEqual({ from, finds: finds.toSorted() });
    expect(answer.truncated).toBe(false);
  }
  for (const { to, notLive, finds } of access.who) {
    const answer = whoCanReach(index, rows.idOf(to), { includeNotLive: notLive });
    expect({ to, finds: names(answer.ids) }).toEqual({ to, finds: finds.toSorted() });
  }
}

function readable(path: Path, { nameOf }: CaseRows): string {
  return path.hops.reduce(
    (text, hop) => `${text} ${hop.via === undefined ? '>' : `=${nameOf(hop.via)}>`} ${nameOf(hop.to)}`,
    nameOf(path.hops[0]!.from),
  );
}
