/**
 * Prints everybody who can access an application, and by which way, as CSV.
 *
 *   npx tsx examples/who-can-access.ts "Treasury API"
 *
 * CROSSWALK_URL (default http://127.0.0.1:4000) and CROSSWALK_KEY say which gateway to ask.
 */
import { GraphQLClient, gql } from 'graphql-request';

const FIND = gql`
  query Find($name: String!) {
    applications(filter: { namePrefix: $name }, first: 2) {
      nodes { id name connectorId }
    }
  }
`;

const WHO = gql`
  query Who($application: ID!, $after: String) {
    whoCanAccess(application: $application, first: 200, after: $after) {
      truncated
      pageInfo { hasNextPage endCursor }
      edges {
        node { displayName email department }
        path { hops { sentence } }
      }
    }
  }
`;

interface Found {
  readonly applications: { readonly nodes: readonly { id: string; name: string; connectorId: string }[] };
}

interface Page {
  readonly whoCanAccess: {
    readonly truncated: boolean;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    readonly edges: readonly {
      readonly node: { displayName: string | null; email: string | null; department: string | null };
      readonly path: { readonly hops: readonly { readonly sentence: string }[] } | null;
    }[];
  };
}

const name = process.argv[2];
if (name === undefined) {
  console.error('Say which application: npx tsx examples/who-can-access.ts "Treasury API"');
  process.exit(2);
}

const url = process.env['CROSSWALK_URL'] ?? 'http://127.0.0.1:4000';
const key = process.env['CROSSWALK_KEY'];
const client = new GraphQLClient(`${url}/graphql`, {
  headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
});

const { applications } = await client.request<Found>(FIND, { name });
const [application, another] = applications.nodes;
if (application === undefined || another !== undefined) {
  console.error(application === undefined ? `No application is called ${name}.` : `Several begin with ${name}.`);
  process.exit(1);
}
console.error(`${application.name} (${application.connectorId})`);

const cell = (text: string | null): string => `"${(text ?? '').replaceAll('"', '""')}"`;
console.log('name,email,department,way');
for (let after: string | null = null, more = true; more; ) {
  const { whoCanAccess: page }: Page = await client.request<Page>(WHO, { application: application.id, after });
  for (const { node, path } of page.edges) {
    const way = path?.hops.map(({ sentence }) => sentence).join('; ') ?? '';
    console.log([node.displayName, node.email, node.department, way].map(cell).join(','));
  }
  if (page.truncated) console.error('A limit ended the walk: there may be more.');
  after = page.pageInfo.endCursor;
  more = page.pageInfo.hasNextPage;
}
