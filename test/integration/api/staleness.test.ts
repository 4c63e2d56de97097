import { expect, it } from 'vitest';
import { aStatus, startTestServer } from '../../support/api-server.ts';
import { idOf } from '../../support/api-world.ts';
import { pick } from '../../support/pick.ts';

it('says of each node whether its connector could read it lately', async () => {
  const torn = aStatus('okta', { state: 'RECONNECT_REQUIRED', reasonCode: 'UPSTREAM_UNAUTHORIZED' });
  await using server = await startTestServer({ statuses: [torn, aStatus('auth0')] });
  const answer = await server.ask('{ accounts(first: 100) { nodes { connectorId isStale identity { isStale } } } }');
  const nodes = [pick(answer, 'accounts.nodes')].flat();
  const stale = nodes.filter((node) => pick(node, 'isStale') === true);
  expect(new Set(stale.map((node) => pick(node, 'connectorId')))).toEqual(new Set(['okta']));
  expect(stale.length).toBeLessThan(nodes.length);
  expect(nodes.every((node) => pick(node, 'identity.isStale') !== true)).toBe(true);
  const group = await server.ask('query ($id: ID!) { node(id: $id) { ... on Group { isStale } } }', {
    id: idOf('engineering'),
  });
  expect(pick(group, 'node.isStale')).toBe(true);
});
