import { compact } from '../../../src/domain/graph.ts';
import type { CredentialProperties } from '../../../src/domain/properties.ts';
import type { NodeDraft, Syncer } from '../../../src/ports/provider.ts';
import { apiTokenSchema, type OktaApiToken } from './payloads.ts';
import { nextOf, type OktaReading, oktaSyncer } from './reading.ts';

/** An API token; Okta never shows the token itself. */
export function toCredential(token: OktaApiToken): NodeDraft<'Credential'> {
  const properties: CredentialProperties = {
    type: 'API_TOKEN',
    createdAt: token.created ?? undefined,
    expiresAt: token.expiresAt ?? undefined,
  };
  return { kind: 'Credential', nativeId: token.id, name: token.name || token.id, properties: compact(properties) };
}

export function apiTokensSyncer(reading: OktaReading): Syncer {
  return oktaSyncer(reading, {
    name: 'api-tokens',
    title: 'API tokens',
    nodes: ['Credential'],
    links: ['OWNS'],
    requires: ['okta.apiTokens.read'],
    async *read({ cursor }, client) {
      const next = nextOf(cursor);
      const start = next === null ? { path: '/api/v1/api-tokens' } : { next };
      for await (const page of client.pages((at) => client.page(at, apiTokenSchema), start)) {
        yield {
          nodes: page.rows.map(toCredential),
          links: page.rows.flatMap((token) =>
            token.userId
              ? [
                  {
                    from: { kind: 'Account', nativeId: token.userId },
                    kind: 'OWNS',
                    to: { kind: 'Credential', nativeId: token.id },
                  } as const,
                ]
              : [],
          ),
          cursor: page.next === null ? null : { next: page.next },
          rows: page.rows.length,
        };
      }
    },
  });
}
