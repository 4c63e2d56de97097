import 'reflect-metadata';
import { type GraphQLSchema, isAbstractType, isInputObjectType, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { AccessResolver } from '../../resolvers/access.resolver.ts';
import { AccountResolver } from '../../resolvers/account.resolver.ts';
import { ApplicationResolver } from '../../resolvers/application.resolver.ts';
import { ChangesResolver } from '../../resolvers/changes.resolver.ts';
import { ConnectionResolver } from '../../resolvers/connection.resolver.ts';
import { ConnectorResolver } from '../../resolvers/connector.resolver.ts';
import { CredentialResolver } from '../../resolvers/credential.resolver.ts';
import { GraphResolver } from '../../resolvers/graph.resolver.ts';
import { GroupResolver } from '../../resolvers/group.resolver.ts';
import { IdentityResolver } from '../../resolvers/identity.resolver.ts';
import {
  AccessPathResolver,
  HopResolver,
  LinkedEdgeResolver,
  OwnedAccountEdgeResolver,
  ReachedEdgeResolver,
} from '../../resolvers/link.resolver.ts';
import { NodeResolver } from '../../resolvers/node.resolver.ts';
import { OrganizationResolver } from '../../resolvers/organization.resolver.ts';
import { PermissionResolver } from '../../resolvers/permission.resolver.ts';
import { RoleResolver } from '../../resolvers/role.resolver.ts';
import { SearchResolver } from '../../resolvers/search.resolver.ts';
import { ONE_OF_INPUTS } from '../../schema/inputs/by.ts';

let built: GraphQLSchema | undefined;

/** The executable schema. Built once for a process: type-graphql keeps its metadata globally. */
export function buildApiSchema(): GraphQLSchema {
  built ??= build();
  return built;
}

/** The schema as text, types and fields in alphabetical order, so that a diff shows only what changed. */
export function printApiSchema(): string {
  return `${printSchema(lexicographicSortSchema(buildApiSchema()))}\n`;
}

function build(): GraphQLSchema {
  // type-graphql's own container searches a list at each call.
  const instances = new Map<unknown, unknown>();
  const schema = buildSchemaSync({
    resolvers: [
      AccessPathResolver,
      AccessResolver,
      AccountResolver,
      ApplicationResolver,
      ChangesResolver,
      ConnectionResolver,
      ConnectorResolver,
      CredentialResolver,
      GraphResolver,
      GroupResolver,
      HopResolver,
      IdentityResolver,
      LinkedEdgeResolver,
      NodeResolver,
      OrganizationResolver,
      OwnedAccountEdgeResolver,
      PermissionResolver,
      ReachedEdgeResolver,
      RoleResolver,
      SearchResolver,
    ],
    validate: false,
    container: {
      get(type) {
        let instance = instances.get(type);
        if (instance === undefined) {
          instance = new type();
          instances.set(type, instance);
        }
        return instance;
      },
    },
    // The subscription brings its own stream; type-graphql insists on a hub all the same.
    pubSub: {
      publish() {},
      subscribe() {
        throw new Error('there are no topics');
      },
    },
  });
  for (const type of Object.values(schema.getTypeMap())) {
    // type-graphql wraps it in a promise, which costs one for each object and which graphql-jit refuses.
    if (isAbstractType(type)) type.resolveType = (value: { readonly __typename?: string }) => value.__typename;
    if (isInputObjectType(type) && ONE_OF_INPUTS.includes(type.name)) type.isOneOf = true;
  }
  return schema;
}
