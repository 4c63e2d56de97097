import type { SyncService } from '../src/services/sync/sync-service.ts';

/** What the first sync of each connector is doing: one line on a terminal, one line at each end elsewhere. */
export class DemoProgress {
  private readonly done = new Map<string, string>();
  private readonly unsubscribe: () => void;

  constructor(sync: Pick<SyncService, 'onEvent'>) {
    this.unsubscribe = sync.onEvent((event) => {
      if (event.type === 'progress') {
        const { connector, done, total } = event.progress;
        const share = total === null || total === 0 ? '' : ` of ${total.toLocaleString('en')}`;
        this.done.set(connector, `${connector} ${done.toLocaleString('en')}${share}`);
        this.write();
      } else if (event.type === 'run-ended') {
        const { connector, metrics, state } = event.run;
        this.done.delete(connector);
        this.clear();
        const seconds = (metrics.durationMs / 1_000).toFixed(1);
        process.stdout.write(
          `  ${connector.padEnd(10)} ${state.toLowerCase()}: ${metrics.rows.toLocaleString('en')} rows by ` +
            `${metrics.requests.toLocaleString('en')} requests in ${seconds} s\n`,
        );
        this.write();
      }
    });
  }

  end(): void {
    this.unsubscribe();
    this.clear();
  }

  private write(): void {
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${[...this.done.values()].join(' · ').slice(0, 150)}`);
  }

  private clear(): void {
    if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  }
}
