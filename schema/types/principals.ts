import { GraphQLDateTime } from 'graphql-scalars';
import { Field, Int, ObjectType } from 'type-graphql';
import type { AccountEntry, AccountStatus, PrincipalType } from '../../src/domain/properties.ts';
import { AccountEntryEnum, AccountStatusEnum, PrincipalTypeEnum } from './enums.ts';
import { GraphNode } from './node.ts';
import { Email, FederatedSubject, PersonName } from './person.ts';

@ObjectType('Identity', {
  implements: GraphNode,
  simpleResolvers: true,
  description: 'One person, workload or shared log-in, behind all of its accounts.',
})
export class Identity extends GraphNode {
  @Field(() => PrincipalTypeEnum)
  readonly type!: PrincipalType;

  @Field(() => String, { nullable: true })
  readonly displayName!: string | null;

  @Field(() => PersonName, { nullable: true })
  readonly personName!: PersonName | null;

  @Field(() => String, { nullable: true, description: 'The primary address.' })
  readonly email!: string | null;

  @Field(() => [Email])
  readonly emails!: readonly Email[];

  @Field(() => String, { nullable: true })
  readonly employeeNumber!: string | null;

  @Field(() => String, { nullable: true })
  readonly department!: string | null;

  @Field(() => String, { nullable: true })
  readonly title!: string | null;

  @Field(() => Boolean, { nullable: true, description: 'True while at least one of its accounts is live.' })
  readonly active!: boolean | null;

  @Field(() => Int)
  readonly accountCount!: number;

  @Field(() => [String], { description: 'Ids of the connectors in which it has an account, sorted.' })
  readonly connectorIds!: readonly string[];
}

@ObjectType('Account', {
  implements: GraphNode,
  simpleResolvers: true,
  description: 'One log-in at one provider. Attributes are spelled as in SCIM (RFC 7643).',
})
export class Account extends GraphNode {
  @Field(() => String, { nullable: true })
  readonly userName!: string | null;

  @Field(() => String, { nullable: true })
  readonly displayName!: string | null;

  @Field(() => PersonName, { nullable: true })
  readonly personName!: PersonName | null;

  @Field(() => String, { nullable: true, description: 'The primary address.' })
  readonly email!: string | null;

  @Field(() => [Email])
  readonly emails!: readonly Email[];

  @Field(() => [String])
  readonly phoneNumbers!: readonly string[];

  @Field(() => AccountStatusEnum)
  readonly status!: AccountStatus;

  @Field(() => String, { nullable: true, description: 'The status in the provider’s own word.' })
  readonly nativeStatus!: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Null when the provider does not say.' })
  readonly active!: boolean | null;

  @Field(() => PrincipalTypeEnum)
  readonly type!: PrincipalType;

  @Field(() => String, {
    nullable: true,
    description:
      '`USER`, `ADMIN` or `CONNECTION:<id>`: an identity has at most one human account of a class and connector.',
  })
  readonly accountClass!: string | null;

  @Field(() => AccountEntryEnum)
  readonly entry!: AccountEntry;

  @Field(() => String, { nullable: true })
  readonly employeeNumber!: string | null;

  @Field(() => String, { nullable: true })
  readonly department!: string | null;

  @Field(() => String, { nullable: true })
  readonly title!: string | null;

  @Field(() => String, { nullable: true })
  readonly userType!: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Null when the provider does not say.' })
  readonly mfaEnrolled!: boolean | null;

  @Field(() => Boolean, { nullable: true })
  readonly lockedOut!: boolean | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'At the provider.' })
  readonly createdAt!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly lastLoginAt!: Date | null;

  @Field(() => [FederatedSubject])
  readonly federatedSubjects!: readonly FederatedSubject[];

  @Field(() => String, { nullable: true })
  readonly pictureUrl!: string | null;
}
