import { GraphQLDateTime } from 'graphql-scalars';
import { Field, Int, ObjectType } from 'type-graphql';
import { GraphNode } from './node.ts';

@ObjectType('UpstreamClaim', {
  simpleResolvers: true,
  description: 'What a connection says about the tenant it trusts. A claim, not a proof.',
})
export class UpstreamClaim {
  @Field(() => String)
  readonly strategy!: string;

  @Field(() => String, { nullable: true })
  readonly domain!: string | null;

  @Field(() => String, { nullable: true })
  readonly issuer!: string | null;
}

@ObjectType('Group', { implements: GraphNode, simpleResolvers: true, description: 'A set of accounts (SCIM Group).' })
export class Group extends GraphNode {
  @Field(() => String, { description: 'Upper-case, open: USER_GROUP, BUILT_IN, APP_GROUP, CONNECTION, DYNAMIC …' })
  readonly type!: string;

  @Field(() => String, { nullable: true })
  readonly description!: string | null;

  @Field(() => String, { nullable: true, description: 'Rule or membership method, readable.' })
  readonly rule!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'As the provider counts; `members { totalCount }` is what is in the graph.',
  })
  readonly memberCount!: number | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly createdAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'Set by whoever provisioned it (SCIM).' })
  readonly externalId!: string | null;

  @Field(() => UpstreamClaim, { nullable: true })
  readonly upstream!: UpstreamClaim | null;
}

@ObjectType('Role', { implements: GraphNode, simpleResolvers: true, description: 'A named bundle of permissions.' })
export class Role extends GraphNode {
  @Field(() => String, { description: 'Upper-case, open: ADMIN, CUSTOM_ADMIN, RBAC …' })
  readonly type!: string;

  @Field(() => String, { nullable: true })
  readonly description!: string | null;

  @Field(() => String, { nullable: true, description: 'Where it counts, when not in the whole tenant.' })
  readonly scope!: string | null;

  @Field(() => Boolean, { nullable: true })
  readonly isCustom!: boolean | null;
}

@ObjectType('Organization', {
  implements: GraphNode,
  simpleResolvers: true,
  description: 'A tenant (one for each connector, type TENANT) or an organisation inside of one.',
})
export class Organization extends GraphNode {
  @Field(() => String, { description: 'TENANT or ORGANIZATION.' })
  readonly type!: string;

  @Field(() => String, { nullable: true })
  readonly displayName!: string | null;

  @Field(() => String, { nullable: true })
  readonly description!: string | null;

  @Field(() => String, { nullable: true })
  readonly url!: string | null;

  @Field(() => String, { nullable: true })
  readonly logoUrl!: string | null;

  @Field(() => [String], { description: 'Verified hosts and issuers of a tenant.' })
  readonly domains!: readonly string[];

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly createdAt!: Date | null;
}

@ObjectType('SignOn', { simpleResolvers: true, description: 'Where an application signs people in.' })
export class SignOn {
  @Field(() => String, { nullable: true })
  readonly mode!: string | null;

  @Field(() => String, { nullable: true })
  readonly clientId!: string | null;

  @Field(() => String, { nullable: true })
  readonly acsUrl!: string | null;

  @Field(() => String, { nullable: true })
  readonly audience!: string | null;

  @Field(() => String, { nullable: true })
  readonly ssoUrl!: string | null;

  @Field(() => [String])
  readonly redirectUris!: readonly string[];
}

@ObjectType('Application', {
  implements: GraphNode,
  simpleResolvers: true,
  description:
    'A system that one can have access to. Every connector has one of type CONSOLE, its administrators’ console.',
})
export class Application extends GraphNode {
  @Field(() => String, { description: 'Upper-case, open: CONSOLE, API, SAML, OIDC, BOOKMARK, LDAP, RADIUS, M2M …' })
  readonly type!: string;

  @Field(() => String, { nullable: true })
  readonly label!: string | null;

  @Field(() => String, { nullable: true, description: 'Its name in the provider’s catalogue.' })
  readonly catalogName!: string | null;

  @Field(() => String, { nullable: true })
  readonly description!: string | null;

  @Field(() => String, { nullable: true })
  readonly nativeStatus!: string | null;

  @Field(() => Boolean, { nullable: true })
  readonly active!: boolean | null;

  @Field(() => String, { nullable: true })
  readonly url!: string | null;

  @Field(() => String, { nullable: true })
  readonly logoUrl!: string | null;

  @Field(() => String, { nullable: true })
  readonly audience!: string | null;

  @Field(() => SignOn, { nullable: true })
  readonly signOn!: SignOn | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly createdAt!: Date | null;
}

@ObjectType('Permission', {
  implements: GraphNode,
  simpleResolvers: true,
  description: 'What can be granted on an application.',
})
export class Permission extends GraphNode {
  @Field(() => String)
  readonly value!: string;

  @Field(() => String, { nullable: true })
  readonly description!: string | null;

  @Field(() => String, { nullable: true, description: 'Identifier of the API it belongs to.' })
  readonly audience!: string | null;
}

@ObjectType('Credential', {
  implements: GraphNode,
  simpleResolvers: true,
  description: 'An API key or token: its existence and dates, never its value.',
})
export class Credential extends GraphNode {
  @Field(() => String, { description: 'Upper-case, open: API_KEY, API_TOKEN, SERVICE_KEY …' })
  readonly type!: string;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly createdAt!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly expiresAt!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly lastUsedAt!: Date | null;
}
