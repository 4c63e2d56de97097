import { readFile } from 'node:fs/promises';
import { isInterfaceType, isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildApiSchema, printApiSchema } from '../../../src/server/schema.ts';

describe('the schema', () => {
  const types = Object.values(buildApiSchema().getTypeMap()).filter((type) => !type.name.startsWith('__'));

  it('is the one that is committed', async () => {
    expect(await readFile(new URL('../../../schema/schema.graphql', import.meta.url), 'utf8')).toBe(printApiSchema());
  });

  it('resolves plain fields without a function, so that they cost nothing', () => {
    for (const name of ['Account', 'Identity', 'Group', 'PageInfo', 'AccountConnection', 'LinkedGroupEdge', 'Hop']) {
      const type = types.find((candidate) => candidate.name === name);
      const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
      const plain = fields.filter((field) => field.args.length === 0 && field.resolve === undefined);
      expect([name, plain.length > 1]).toEqual([name, true]);
    }
  });

  it('tells the type of an abstract value at once, not by a promise', () => {
    for (const type of types.filter(isInterfaceType)) {
      expect(type.resolveType?.({ __typename: 'Account' }, {}, {} as never, type)).toBe('Account');
    }
  });

  it('has both directions on every list under a node', () => {
    const rankedOrNewestFirst = new Set(['Query.search', 'Connector.runs']);
    for (const type of types.filter(isObjectType)) {
      for (const field of Object.values(type.getFields())) {
        if (!String(field.type).replace('!', '').endsWith('Connection')) continue;
        const names = field.args.map((argument) => argument.name);
        const wanted = rankedOrNewestFirst.has(`${type.name}.${field.name}`)
          ? ['first', 'after']
          : ['first', 'after', 'last', 'before'];
        expect([`${type.name}.${field.name}`, wanted.filter((name) => !names.includes(name))]).toEqual([
          `${type.name}.${field.name}`,
          [],
        ]);
      }
    }
  });

  it('gives every enum that it answers with the value UNKNOWN', () => {
    for (const name of [
      'NodeKind',
      'LinkKind',
      'AccountStatus',
      'ConnectorState',
      'SyncRunState',
      'ChangeCause',
      'LinkBasis',
    ]) {
      expect(String(printApiSchema().match(new RegExp(`enum ${name} \\{[^}]*\\}`))?.[0])).toContain('UNKNOWN');
    }
  });

  it('marks inputs of which exactly one member counts', () => {
    for (const name of ['IdentityBy', 'AccountBy', 'NodeBy'])
      expect(printApiSchema()).toContain(`input ${name} @oneOf {`);
  });
});
