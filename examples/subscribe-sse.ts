/**
 * Prints every change of an account's status, as it happens, by nothing but fetch and server-sent events.
 *
 *   npx tsx examples/subscribe-sse.ts [cursor]
 *
 * CROSSWALK_URL (default http://127.0.0.1:4000) and CROSSWALK_KEY say which gateway to ask. In a browser,
 * `new EventSource(url)` with the document in `?query=` does the same and resumes by itself.
 */
const CHANGES = `
  subscription Accounts($after: String) {
    graphChanges(after: $after, filter: { kinds: [Account] }) {
      type
      cursor
      nodes {
        action
        name
        before { ... on Account { status } }
        after { ... on Account { status } }
      }
    }
  }
`;

interface Event {
  readonly data?: {
    readonly graphChanges: {
      readonly type: string;
      readonly cursor: string;
      readonly nodes: readonly {
        readonly action: string;
        readonly name: string;
        readonly before: { readonly status?: string } | null;
        readonly after: { readonly status?: string } | null;
      }[];
    };
  };
  readonly errors?: readonly { readonly message: string }[];
}

const url = process.env['CROSSWALK_URL'] ?? 'http://127.0.0.1:4000';
const key = process.env['CROSSWALK_KEY'];
const stop = new AbortController();
process.on('SIGINT', () => stop.abort());

/** The events of one stream: blocks of `name: value` lines, an empty line behind each. */
async function* events(after: string | null): AsyncGenerator<Event, void, void> {
  const response = await fetch(`${url}/graphql/stream`, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ query: CHANGES, variables: { after } }),
    signal: stop.signal,
  });
  if (!response.ok || response.body === null) {
    console.error(`The gateway answered ${response.status}: ${await response.text()}`);
    process.exit(1);
  }
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      const data = lines.find((line) => line.startsWith('data: '));
      // Lines that begin with a colon are pings; "event: complete" ends the stream.
      if (lines.includes('event: next') && data !== undefined) yield JSON.parse(data.slice('data: '.length));
    }
  }
}

let cursor = process.argv[2] ?? null;
while (!stop.signal.aborted) {
  try {
    for await (const { data, errors } of events(cursor)) {
      if (errors || !data) {
        console.error(errors?.map(({ message }) => message).join('; '));
        process.exit(1);
      }
      for (const { action, name, before, after } of data.graphChanges.nodes) {
        console.log(`${action} ${name}: ${before?.status ?? '–'} → ${after?.status ?? '–'}`);
      }
      // Only now: what was not dealt with comes again.
      cursor = data.graphChanges.cursor;
    }
  } catch {
    // Cut, or refused because the gateway is not there: both may heal.
  }
  if (stop.signal.aborted) break;
  console.error('The connection is gone; trying again …');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}
console.error(`Go on with: npx tsx examples/subscribe-sse.ts ${cursor ?? ''}`);
