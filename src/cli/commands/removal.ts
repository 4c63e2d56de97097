import type { ApiOptions } from '../api.ts';
import { ask } from '../api.ts';
import { EXIT, type Format, type Io, render } from '../io.ts';

const PREVIEW = `
  query Preview($connector: String!) {
    connector(connector: $connector) {
      removalPreview { listings { title cause counts { kind removed before } names } }
    }
  }
`;
const DECIDE = {
  confirm: 'mutation Confirm($connector: String!) { confirmRemoval(connector: $connector) { state } }',
  reject: 'mutation Reject($connector: String!) { rejectRemoval(connector: $connector) { state } }',
} as const;

interface Preview {
  readonly connector: {
    readonly removalPreview: {
      readonly listings: readonly {
        readonly title: string;
        readonly cause: string;
        readonly counts: readonly { readonly kind: string; readonly removed: number; readonly before: number }[];
        readonly names: readonly string[];
      }[];
    } | null;
  } | null;
}

/** `crosswalk removal`: what a guarded run would remove, and the decision on it. */
export async function removal(
  options: ApiOptions & {
    readonly connector: string;
    readonly decision: 'confirm' | 'reject' | null;
    readonly output: Format;
  },
  io: Io,
): Promise<number> {
  const { connector, decision } = options;
  if (decision !== null) {
    const answer = await ask<Record<string, { state: string }>>(options, DECIDE[decision], { connector });
    io.err(`${connector} is now ${Object.values(answer)[0]?.state}.`);
    return EXIT.OK;
  }
  const preview = (await ask<Preview>(options, PREVIEW, { connector })).connector?.removalPreview;
  if (!preview) {
    io.err(`Nothing of ${connector} waits for a decision.`);
    return EXIT.OK;
  }
  const rows = preview.listings.flatMap(({ title, cause, counts, names }) =>
    counts.map(({ kind, removed, before }) => ({
      listing: title,
      cause,
      kind,
      removed,
      before,
      names: names.slice(0, 3).join(', '),
    })),
  );
  io.out(render(rows, options.output));
  io.err(`Remove them with "crosswalk removal ${connector} --confirm", keep them with "--reject".`);
  return EXIT.ATTENTION;
}
