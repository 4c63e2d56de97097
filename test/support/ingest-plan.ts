import type { ChangeSet } from '../../src/domain/changes.ts';
import { nodeKey } from '../../src/domain/keys.ts';

export const NODES_EACH = 6;
const CONNECTOR = 'okta';
export const REF = { connector: CONNECTOR, listing: 'users' };

/** Id of the n-th node of a step. */
export function nodeId(step: number, n: number): number {
  return (step - 1) * NODES_EACH + n + 1;
}

/**
 * The `step`-th change set of an endless ingest, made of its number alone: whoever sees seq n in a store knows what
 * must be in it. Each one creates, changes and removes, and moves everything that travels with a change set.
 */
export function plannedChange(step: number, source: number): ChangeSet {
  const node = (of: number, n: number, name: string, hash: number) => ({
    id: nodeId(of, n),
    key: nodeKey(CONNECTOR, 'Account', `${of}-${n}`),
    kind: 'Account' as const,
    source,
    name,
    flags: 0,
    hash,
    properties: { userName: `user.${of}.${n}@acme.example`, step },
  });
  const link = (from: number, to: number) => ({
    ...{ source, from, to, kind: 'FEDERATES' as const, qualifier: '', flags: 0 },
    ...{ properties: { evidence: `step ${step}` }, hash: step },
  });
  const created = Array.from({ length: NODES_EACH }, (_, n) => node(step, n, `User ${step} ${n}`, 1));
  const links = created.map(({ id }, n) => link(id, created[(n + 1) % NODES_EACH]!.id));
  const pending = (of: number) => ({
    ...{ source, fromKey: `${CONNECTOR}/Account/${of}`, kind: 'MEMBER_OF' as const },
    ...{ toKey: `${CONNECTOR}/Group/late`, qualifier: '', flags: 0, properties: null },
  });
  return {
    changeId: `step-${step}`,
    cause: 'SYNC',
    connector: CONNECTOR,
    nodes: step === 1 ? created : [...created, node(step - 1, 0, `Renamed at ${step}`, step)],
    links,
    removedLinks: step === 1 ? [] : [link(nodeId(step - 1, 2), nodeId(step - 1, 3))],
    removedNodes: step === 1 ? [] : [nodeId(step - 1, 5)],
    addPending: [pending(step)],
    removePending: [pending(step - 1)],
    checkpoints: [{ source: REF, state: { step } }],
    consumer: { name: 'ingest', seq: step },
  };
}
