import type { SyncEvent } from '../sync/types.ts';

/**
 * Keeps the linker waiting while a connector is read for the first time: identities made of half a company would only
 * be merged again.
 * @returns ends it
 */
export function holdDuringFirstSyncs(
  linker: { hold(): () => void },
  sync: { onEvent(listener: (event: SyncEvent) => void): () => void },
): () => void {
  const releases = new Map<string, () => void>();
  const unsubscribe = sync.onEvent((event) => {
    // A run that is taken up, perhaps from another gateway, begins a second time.
    if (event.type === 'run-started' && event.run.first && !releases.has(event.run.id)) {
      releases.set(event.run.id, linker.hold());
    }
    if (event.type !== 'run-ended') return;
    releases.get(event.run.id)?.();
    releases.delete(event.run.id);
  });
  return () => {
    unsubscribe();
    for (const release of releases.values()) release();
  };
}
