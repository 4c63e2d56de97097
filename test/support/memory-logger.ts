import type { Logger } from '../../src/ports/logger.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export interface MemoryLogger extends Logger {
  readonly lines: LogLine[];
  /** Everything that was logged, as one text to grep. */
  text(): string;
}

/** Keeps what is logged, so that a test can look for what must (not) be in it. */
export function memoryLogger(): MemoryLogger {
  const lines: LogLine[] = [];
  const at = (bound: object): Logger => {
    const write =
      (level: LogLine['level']) =>
      (fields: object, message: string): void => {
        lines.push({ level, fields: { ...bound, ...fields }, message });
      };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => at({ ...bound, ...fields }),
    };
  };
  return Object.assign(at({}), { lines, text: () => lines.map((line) => JSON.stringify(line)).join('\n') });
}
