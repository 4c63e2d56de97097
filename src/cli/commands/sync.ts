import { setTimeout as wait } from 'node:timers/promises';
import { asAppError } from '../../domain/errors.ts';
import type { ApiOptions } from '../api.ts';
import { ask } from '../api.ts';
import { EXIT, type Format, type Io, render } from '../io.ts';
import { ProgressLine } from '../progress-line.ts';

const START = 'mutation Start($connector: String!) { startSync(connector: $connector) { id } }';
const CANCEL = 'mutation Cancel($connector: String!) { cancelSync(connector: $connector) { state } }';
const NAMES = '{ connectors { connectorId } }';
const WATCH = `
  query Watch($connector: String!) {
    connector(connector: $connector) {
      state
      reasonCode
      message
      progress { done total etaMs }
      lastRun { id state reasonCode message listings { title rows outcome } metrics { requests rows durationMs } }
    }
  }
`;

interface Watched {
  readonly connector: {
    readonly state: string;
    readonly reasonCode: string | null;
    readonly message: string | null;
    readonly progress: {
      readonly done: number;
      readonly total: number | null;
      readonly etaMs: number | null;
    } | null;
    readonly lastRun: {
      readonly id: string;
      readonly state: string;
      readonly reasonCode: string | null;
      readonly message: string | null;
      readonly metrics: { readonly requests: number; readonly rows: number; readonly durationMs: number };
    } | null;
  } | null;
}

/** `crosswalk sync`: starts runs and waits for their ends. Ends with 4 when one needs attention. */
export async function sync(
  options: ApiOptions & { readonly connectors: readonly string[]; readonly wait: boolean; readonly output: Format },
  io: Io,
): Promise<number> {
  const names = options.connectors.length > 0 ? await startNamed(options) : await startAll(options, io);
  if (!options.wait) {
    io.err(`Started: ${names.join(', ')}. See "crosswalk connectors".`);
    return EXIT.OK;
  }
  const line = new ProgressLine(io);
  const rows = await Promise.all(names.map((connector) => follow(options, connector, line)));
  line.end();
  io.out(render(rows, options.output));
  return rows.every(({ state }) => state === 'SUCCEEDED') ? EXIT.OK : EXIT.ATTENTION;
}

async function startNamed(
  options: ApiOptions & { readonly connectors: readonly string[] },
): Promise<readonly string[]> {
  for (const connector of options.connectors) await ask(options, START, { connector });
  return options.connectors;
}

/** @returns what was started: not what has data and is no longer in the configuration */
async function startAll(options: ApiOptions, io: Io): Promise<readonly string[]> {
  const { connectors } = await ask<{ connectors: { connectorId: string }[] }>(options, NAMES);
  const started: string[] = [];
  for (const { connectorId: connector } of connectors) {
    try {
      await ask(options, START, { connector });
      started.push(connector);
    } catch (error) {
      if (asAppError(error).code !== 'CONNECTOR_NOT_CONFIGURED') throw error;
      io.err(`${connector} is left out: it is no longer in the configuration.`);
    }
  }
  return started;
}

async function follow(options: ApiOptions, connector: string, line: ProgressLine) {
  for (;;) {
    const { connector: status } = await ask<Watched>(options, WATCH, { connector });
    const run = status?.lastRun;
    if (status !== null && run && status.state !== 'SYNCING' && run.state !== 'RUNNING') {
      line.drop(connector);
      return {
        connector,
        state: run.state,
        connectorState: status.state,
        requests: run.metrics.requests,
        rows: run.metrics.rows,
        seconds: Math.round(run.metrics.durationMs / 100) / 10,
        reason: run.reasonCode,
        message: run.message,
      };
    }
    if (status?.progress) line.show(connector, status.progress);
    await wait(250, undefined, { signal: options.signal });
  }
}

/** `crosswalk cancel`: ends a run within one page; what it has written stays. */
export async function cancel(options: ApiOptions & { readonly connector: string }, io: Io): Promise<number> {
  const { cancelSync } = await ask<{ cancelSync: { state: string } }>(options, CANCEL, {
    connector: options.connector,
  });
  io.err(`${options.connector} is now ${cancelSync.state}.`);
  return EXIT.OK;
}
