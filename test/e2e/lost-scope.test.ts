import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompanyGateway, startCompanyGateway } from '../support/company-gateway.ts';
import { contentOf } from '../support/graph-content.ts';

/** Paths that may be refused one after the other; everything else is answered as before. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  okta: [
    '/api/v1/groups',
    '/api/v1/groups/rules',
    '/api/v1/idps',
    '/api/v1/apps',
    '/users$|/users\\?',
    '/iam/',
    '/groups\\?',
    '/api-tokens',
  ],
  auth0: ['/connections', '/clients', '/resource-servers', '/roles', '/organizations', '/groups', '/grants', '/users'],
  jumpcloud: [
    '/usergroups',
    '/systemusers',
    '/api/users',
    '/applications',
    '/directories',
    '/radiusservers',
    '/v2/roles',
    '/associations',
    '/service-accounts',
  ],
  torq: ['/users', '/roles', '/api-keys', '/claim_mappings', '/audit_logs'],
};

describe('a permission that is taken away', () => {
  let company: CompanyGateway;

  beforeAll(async () => {
    company = await startCompanyGateway();
    await company.sync();
  });

  afterAll(() => company[Symbol.asyncDispose]());

  const cases = Object.entries(REFUSED).flatMap(([provider, paths]) => paths.map((path) => [provider, path] as const));

  it.each(cases)('never reads as lost data: %s, %s', async (provider, path) => {
    const { graph } = company.gateway;
    const emulator = company.emulators.list.find(({ name }) => name === provider)!;
    const before = await contentOf(graph, provider);
    emulator.faults.add({ match: path, kind: 'status', status: 403 });
    try {
      await company.sync(provider);
    } finally {
      emulator.faults.clear();
    }
    const after = await contentOf(graph, provider);
    const counts = ({ nodes, links }: typeof after) =>
      Object.fromEntries(
        [...Object.entries(nodes), ...Object.entries(links)].map(([kind, list]) => [kind, list.length]),
      );
    expect(counts(after)).toEqual(counts(before));
  });

  it('heals with the permission, without a trace', async () => {
    const runs = await company.sync();
    expect(runs.map(({ state }) => state)).toEqual(runs.map(() => 'SUCCEEDED'));
    expect(await company.gateway.graph.verify()).toEqual({ ok: true, problems: [] });
    for (const { state } of company.gateway.sync.states()) expect(state).toBe('CONNECTED');
  });
});
