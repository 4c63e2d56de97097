import type { Connection } from './driver.ts';

/** Single values of a store. `seq`: newest; `at`: its time; `horizon`: newest pruned seq; `nextId`: next free node id. Beside them `restoring`, while a restore has begun and not ended. */
export type MetaName = 'storeId' | 'seq' | 'at' | 'horizon' | 'nextId';

export function readMeta(db: Connection, name: MetaName): string | number {
  return db.get<[string | number]>('select value from meta where name = ?', name)![0];
}

export function writeMeta(db: Connection, name: MetaName, value: string | number): void {
  db.run('update meta set value = ? where name = ?', value, name);
}
