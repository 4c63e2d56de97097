import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { RequestContext } from '../server/context.ts';

/** A list without `first` or `last` gives so many. */
const DEFAULT_PAGE = 50;

/**
 * How many nodes a valid operation can return at most: along each nesting of lists, the product of their page sizes.
 * Fragments are counted once for each place, but computed once, so no document makes this slow.
 */
export function countNodes(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const known = new Map<string, number>();

  function ofSelections(selections: SelectionSetNode, parent: GraphQLNamedType | undefined): number {
    let total = 0;
    for (const selection of selections.selections) {
      if (selection.kind === Kind.FIELD) total += ofField(selection, parent);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) total += ofFragment(selection.name.value);
      else {
        const type = selection.typeCondition ? schema.getType(selection.typeCondition.name.value) : parent;
        total += ofSelections(selection.selectionSet, type);
      }
    }
    return total;
  }

  function ofFragment(name: string): number {
    const fragment = fragments.get(name);
    if (fragment === undefined) return 0;
    let total = known.get(name);
    if (total === undefined) {
      // Cycles are refused by validation; this only keeps the count finite.
      known.set(name, 0);
      total = ofSelections(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value));
      known.set(name, total);
    }
    return total;
  }

  function ofField(field: FieldNode, parent: GraphQLNamedType | undefined): number {
    if (field.selectionSet === undefined) return 0;
    const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : {};
    const type = fields[field.name.value]?.type;
    const named = type === undefined ? undefined : getNamedType(type);
    const inner = ofSelections(field.selectionSet, isCompositeType(named) ? named : undefined);
    return pageSize(field, named, variables) * (1 + inner);
  }

  return ofSelections(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
}

/** @throws GraphQLError `QUERY_TOO_LARGE` */
export function assertNodeLimit(maxNodes: number, ...args: Parameters<typeof countNodes>): void {
  const nodes = countNodes(...args);
  if (nodes <= maxNodes) return;
  throw new GraphQLError(
    `This could return ${nodes} nodes, more than the limit of ${maxNodes}; ask for smaller pages (first, last) or less nesting.`,
    { extensions: { code: 'QUERY_TOO_LARGE', http: { status: 400 } } },
  );
}

/** Refuses operations that could return too many nodes before anything is resolved; variables are known by then. */
export function nodeLimitPlugin(maxNodes: number): ApolloServerPlugin<RequestContext> {
  const listener: GraphQLRequestListener<RequestContext> = {
    async didResolveOperation({ schema, document, operation, request }) {
      if (operation) assertNodeLimit(maxNodes, schema, document, operation, request.variables ?? {});
    },
  };
  return { requestDidStart: async () => listener };
}

function pageSize(
  field: FieldNode,
  type: GraphQLNamedType | undefined,
  variables: Readonly<Record<string, unknown>>,
): number {
  for (const argument of field.arguments ?? []) {
    if (argument.name.value !== 'first' && argument.name.value !== 'last') continue;
    const { value } = argument;
    if (value.kind === Kind.INT) return Math.max(1, Number(value.value));
    if (value.kind === Kind.VARIABLE) {
      const given = variables[value.name.value];
      if (typeof given === 'number' && Number.isFinite(given)) return Math.max(1, given);
    }
  }
  return type?.name.endsWith('Connection') ? DEFAULT_PAGE : 1;
}
