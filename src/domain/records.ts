/** What the small records beside the graph are about. */
export type RecordType = 'connector' | 'run' | 'decision' | 'history' | 'setting';
