import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A program of ours in a process of its own, ready to be used. */
export interface Child<T> {
  /** What it said when it was ready: one line of JSON on standard output. */
  readonly said: T;
  /** Seconds of processor time until now; `NaN` where the system does not tell. */
  cpuSeconds(): number;
  /** Megabytes of resident memory; `NaN` where the system does not tell. */
  residentMegabytes(): number;
  /** Resolves when it has ended, by itself or not. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Ticks of `/proc`: 100 a second on every Linux that Node runs on. */
const TICKS = 100;

/**
 * Starts `dist/<script>` and waits for its first line.
 * @param script compiled, relative to this file
 */
export async function startChild<T>(script: string, args: readonly string[]): Promise<Child<T>> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = fork(path, args, { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const said = JSON.parse(await firstLine(child)) as T;
  return {
    said,
    cpuSeconds: () => cpuSeconds(child.pid),
    residentMegabytes: () => residentMegabytes(child.pid),
    ended: exited,
    async stop() {
      child.stdin?.end();
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the process ended with ${code} before it was ready`)));
  });
}

/** Seconds of processor time of any process until now; `NaN` where the system does not tell. */
export function cpuSeconds(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name, which is in brackets and may hold anything: utime and stime are the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return Number.NaN;
  }
}

function residentMegabytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
  } catch {
    return Number.NaN;
  }
}
