import { type AccountFacts, accountFacts } from '../../src/services/linking/account-facts.ts';

let nextId = 1;

/** Facts of an invented account; `key` decides connector and native id. */
export function someFacts(
  key: string,
  properties: Record<string, unknown> = {},
  options: { flags?: number; id?: number } = {},
): AccountFacts {
  const [connector, , ...rest] = key.split('/');
  return accountFacts({
    id: options.id ?? nextId++,
    key,
    connector: connector!,
    nativeId: rest.join('/'),
    name: String(properties['displayName'] ?? key),
    flags: options.flags ?? 0,
    properties: {
      status: 'ACTIVE',
      active: true,
      type: 'HUMAN',
      accountClass: 'USER',
      entry: 'DIRECT',
      ...properties,
    } as never,
  });
}
