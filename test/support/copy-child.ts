import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { compile } from './compile.ts';

/** Compiles the command line into a folder, for {@link startCopy}. */
export function compileCli(folder: string): void {
  compile(join(folder, 'built'), ['src', 'schema', 'resolvers', 'datasources']);
}

export interface CopyProcess {
  readonly child: ChildProcess;
  /** Exit code or signal, and what was said on standard error. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly said: string;
  }>;
}

/** `crosswalk store copy` as a process of its own. */
export function startCopy(folder: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): CopyProcess {
  const child = spawn(process.execPath, [join(folder, 'built/src/cli/index.js'), 'store', 'copy', ...words], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString('utf8');
  });
  const ended = once(child, 'close').then(([code, signal]) => ({
    ...{ code, signal, said },
  }));
  return { child, ended };
}
