import type { Io } from './io.ts';

interface Progress {
  readonly done: number;
  readonly total: number | null;
  readonly etaMs: number | null;
}

/** One line on a terminal that is written again and again; nothing where there is no terminal. */
export class ProgressLine {
  private readonly shown = new Map<string, Progress>();
  private isDirty = false;

  constructor(private readonly io: Io) {}

  show(name: string, progress: Progress): void {
    this.shown.set(name, progress);
    this.write();
  }

  drop(name: string): void {
    this.shown.delete(name);
    this.write();
  }

  end(): void {
    if (this.isDirty) process.stderr.write('\r\u001b[K');
    this.isDirty = false;
  }

  private write(): void {
    if (!this.io.isTerminal) return;
    const parts = [...this.shown].map(([name, { done, total, etaMs }]) => {
      const share = total === null || total === 0 ? '' : ` ${Math.min(100, Math.floor((100 * done) / total))} %`;
      return `${name} ${done}${share}${etaMs === null ? '' : `, ${Math.ceil(etaMs / 1000)} s left`}`;
    });
    process.stderr.write(`\r\u001b[K${parts.join(' · ').slice(0, 160)}`);
    this.isDirty = true;
  }
}
