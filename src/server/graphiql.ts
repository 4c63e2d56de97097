import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface GraphiqlPage {
  readonly html: string;
  readonly gzipped: Buffer;
  /** `content-security-policy` for a page on `host`: the page's own script and nothing from elsewhere. */
  policy(host: string): string;
}

let page: Promise<GraphiqlPage> | undefined;

/** GraphiQL as one page without any outside resource; 9 MB, so it is made at the first call and kept. */
export function graphiqlPage(): Promise<GraphiqlPage> {
  page ??= render();
  return page;
}

const WELCOME = `# Crosswalk: who is this everywhere, who can reach what, and by which path.
# Press the play button, or Ctrl-Enter.
{
  graph { seq nodeCount linkCount nodesByKind { kind count } }
  connectors { connectorId provider state lastCompleteAt }
  identities(first: 5) {
    totalCount
    nodes { id name email accounts { nodes { connectorId userName status } } }
  }
}
`;

async function render(): Promise<GraphiqlPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'Crosswalk',
    endpoint: '/graphql',
    subscriptionsProtocol: 'WS',
    defaultQuery: WELCOME,
  }).trim();
  const script = html.slice(html.indexOf('<script>') + '<script>'.length, html.lastIndexOf('</script>'));
  const hash = createHash('sha256').update(script).digest('base64');
  return {
    html,
    gzipped: await promisify(gzip)(html),
    policy: (host) =>
      [
        "default-src 'none'",
        `script-src 'sha256-${hash}' blob:`,
        'worker-src blob:',
        // The editor writes its own style elements.
        "style-src 'unsafe-inline'",
        'img-src data:',
        'font-src data:',
        `connect-src 'self' ws://${host} wss://${host}`,
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
  };
}
