import { requireRole } from '../../domain/viewer.ts';
import type { SyncService } from '../sync/sync-service.ts';
import type { SyncControl } from './sync-control.ts';

/** The sync service as the API may use it: who steers must be an operator, and is named as the actor. */
export function serviceControl(sync: SyncService): SyncControl {
  return {
    statuses: () => sync.states(),
    progress: (connector) => sync.progress(connector),
    runs: (connector, limit) => sync.runs(connector, limit),
    run: (id) => sync.run(id),
    async startSync(connector, viewer) {
      requireRole(viewer, 'operator');
      return sync.start(connector, { reason: 'REQUEST' });
    },
    async cancelSync(connector, viewer) {
      requireRole(viewer, 'operator');
      return sync.cancel(connector);
    },
    async confirmRemoval(connector, viewer) {
      requireRole(viewer, 'operator');
      return sync.confirmRemoval(connector, { actor: viewer.name });
    },
    async rejectRemoval(connector, viewer) {
      requireRole(viewer, 'operator');
      return sync.rejectRemoval(connector);
    },
  };
}
