interface Bench {
  /** What it measures, for the list. */
  readonly title: string;
  /** Size of the invented company when none is asked for; `null` when it brings its own data. */
  readonly size: 'S' | 'M' | 'L' | null;
  load(): Promise<{ run(): Promise<void> }>;
}

/** Every bench by name, in the order in which they run. */
export const BENCHES: Readonly<Record<string, Bench>> = {
  store: {
    title: 'commits, look-ups and searches of the embedded store',
    size: null,
    load: () => import('./store.ts'),
  },
  access: { title: 'walks over the access index', size: 'M', load: () => import('./access.ts') },
  sync: { title: 'first sync, linking, nothing-changed sync', size: 'M', load: () => import('./sync.ts') },
  'cold-start': {
    title: 'from an existing store to the first answer',
    size: 'M',
    load: () => import('./cold-start.ts'),
  },
  http: { title: 'query by key over HTTP', size: 'S', load: () => import('./http.ts') },
  nested: { title: 'three levels, about a thousand objects', size: 'S', load: () => import('./nested.ts') },
  neo4j: {
    title: 'the store in Neo4j and the best Cypher, beside ours; needs Java and Maven',
    size: 'S',
    load: () => import('./neo4j.ts'),
  },
};
