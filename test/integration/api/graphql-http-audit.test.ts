import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../support/api-server.ts';

/** The GraphQL-over-HTTP audits of graphql-http. MAY audits that fail are its GET forms, which CSRF prevention refuses. */
describe('GraphQL over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const audits = serverAudits({ url: () => `${server.url}/graphql` });
  for (const audit of audits.filter(({ name }) => !name.startsWith('MAY'))) {
    it(`${audit.name} (${audit.id})`, async () => {
      const result = await audit.fn();
      expect(result.status, 'reason' in result ? result.reason : '').toBe('ok');
    });
  }

  it('has audited every MUST and SHOULD', () => {
    expect(audits.filter(({ name }) => name.startsWith('MUST'))).toHaveLength(13);
    expect(audits.filter(({ name }) => name.startsWith('SHOULD'))).toHaveLength(23);
  });
});
