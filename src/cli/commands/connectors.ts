import type { ApiOptions } from '../api.ts';
import { ask } from '../api.ts';
import { EXIT, type Format, type Io, render } from '../io.ts';

const CONNECTORS = `
  query Connectors {
    connectors { connectorId provider state reasonCode message lastCompleteAt staleSince nextRunAt progress { done total } }
  }
`;

interface Answer {
  readonly connectors: readonly {
    readonly connectorId: string;
    readonly provider: string;
    readonly state: string;
    readonly reasonCode: string | null;
    readonly message: string | null;
    readonly lastCompleteAt: string | null;
    readonly staleSince: string | null;
    readonly nextRunAt: string | null;
    readonly progress: { readonly done: number; readonly total: number | null } | null;
  }[];
}

/** `crosswalk connectors`: every connector with its state. Ends with 4 when one needs attention. */
export async function listConnectors(options: ApiOptions & { readonly output: Format }, io: Io): Promise<number> {
  const { connectors } = await ask<Answer>(options, CONNECTORS);
  const rows = connectors.map((connector) => ({
    connector: connector.connectorId,
    provider: connector.provider,
    state: connector.state,
    reason: connector.reasonCode,
    lastComplete: connector.lastCompleteAt,
    staleSince: connector.staleSince,
    nextRun: connector.nextRunAt,
    done: connector.progress?.done ?? null,
    total: connector.progress?.total ?? null,
    message: connector.message,
  }));
  io.out(render(rows, options.output));
  return connectors.some(({ reasonCode }) => reasonCode !== null) ? EXIT.ATTENTION : EXIT.OK;
}
