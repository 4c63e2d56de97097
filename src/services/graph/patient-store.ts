import type { GraphStore } from '../../ports/graph-store.ts';
import { type PatienceOptions, withPatience } from './patience.ts';

/**
 * Calls that may be made again without harm. Not leases, whose holder must learn soon that they cannot be renewed, and
 * not commits, for which the graph waits itself.
 */
const PATIENT: ReadonlySet<PropertyKey> = new Set<keyof GraphStore>([
  'allocateIds',
  'checkpoint',
  'cursor',
  'getRecord',
  'idsByKey',
  'links',
  'listRecords',
  'nodes',
  'pendingFor',
  'putRecord',
  'range',
  'setCursor',
  'sourceId',
]);

/** A store for work in the background, which rather waits than fails while the database is away for a moment. */
export function patientStore(store: GraphStore, patience: PatienceOptions): GraphStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
      return PATIENT.has(name) ? (...args: unknown[]) => withPatience(async () => call(...args), patience) : call;
    },
  });
}
