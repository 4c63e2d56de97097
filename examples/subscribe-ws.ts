/**
 * Prints who gains and who loses something, as it happens, and resumes where it was when the connection breaks.
 *
 *   npx tsx examples/subscribe-ws.ts [cursor]
 *
 * CROSSWALK_URL (default http://127.0.0.1:4000) and CROSSWALK_KEY say which gateway to ask. Ctrl-C prints the cursor to
 * go on from.
 */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const CHANGES = `
  subscription Changes($after: String) {
    graphChanges(after: $after, filter: { linkKinds: [MEMBER_OF, ASSIGNED_TO, HAS_ROLE, GRANTS] }) {
      type
      seq
      cursor
      resetReason
      links { action kind from { name } to { name } }
    }
  }
`;

interface Event {
  readonly graphChanges: {
    readonly type: string;
    readonly seq: number;
    readonly cursor: string;
    readonly resetReason: string | null;
    readonly links: readonly {
      readonly action: string;
      readonly kind: string;
      readonly from: { readonly name: string };
      readonly to: { readonly name: string };
    }[];
  };
}

const url = process.env['CROSSWALK_URL'] ?? 'http://127.0.0.1:4000';
const key = process.env['CROSSWALK_KEY'];
const client = createClient({
  url: `${url.replace(/^http/, 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: key === undefined ? {} : { authorization: `Bearer ${key}` },
  // This client would ask again with the cursor it began with; the loop below knows a newer one.
  retryAttempts: 0,
});

let cursor = process.argv[2] ?? null;
let isStopped = false;
process.on('SIGINT', () => {
  isStopped = true;
  void client.dispose();
});

while (!isStopped) {
  try {
    for await (const { data } of client.iterate<Event>({ query: CHANGES, variables: { after: cursor } })) {
      if (!data) continue;
      const { type, seq, resetReason, links } = data.graphChanges;
      if (type === 'RESET') console.error(`The cursor is of no use (${resetReason}): read afresh what you keep.`);
      for (const { action, kind, from, to } of links)
        console.log(`${seq} ${action} ${kind}: ${from.name} → ${to.name}`);
      // Only now: what was not dealt with comes again.
      cursor = data.graphChanges.cursor;
    }
  } catch (error) {
    // A list of errors is the gateway's answer to this very request: it would be the same again.
    if (Array.isArray(error)) {
      console.error(error.map(({ message }) => message).join('; '));
      process.exit(1);
    }
  }
  if (isStopped) break;
  console.error('The connection is gone; trying again …');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}
console.error(`Go on with: npx tsx examples/subscribe-ws.ts ${cursor ?? ''}`);
