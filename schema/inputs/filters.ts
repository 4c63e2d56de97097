import { GraphQLDateTime } from 'graphql-scalars';
import { ArgsType, Field, InputType } from 'type-graphql';
import type { AccountEntry, AccountStatus, PrincipalType } from '../../src/domain/properties.ts';
import {
  AccountEntryEnum,
  AccountStatusEnum,
  NodeOrderFieldEnum,
  OrderDirectionEnum,
  PrincipalTypeEnum,
} from '../types/enums.ts';
import { PageArgs } from './page-args.ts';

@InputType('NodeOrder')
export class NodeOrder {
  @Field(() => NodeOrderFieldEnum)
  readonly field!: 'ID' | 'NAME' | 'CREATED_AT' | 'LAST_LOGIN_AT' | 'CHANGED_AT';

  @Field(() => OrderDirectionEnum, { nullable: true, description: 'Default ASC.' })
  readonly direction?: 'ASC' | 'DESC' | null;
}

@InputType('IdentityFilter', { description: 'All given conditions must hold. Texts compare without case.' })
export class IdentityFilter {
  @Field(() => [PrincipalTypeEnum], { nullable: true })
  readonly types?: readonly PrincipalType[] | null;

  @Field(() => Boolean, { nullable: true })
  readonly isLive?: boolean | null;

  @Field(() => String, { nullable: true, description: 'Any of its addresses, exact.' })
  readonly email?: string | null;

  @Field(() => String, { nullable: true })
  readonly employeeNumber?: string | null;

  @Field(() => String, { nullable: true })
  readonly department?: string | null;

  @Field(() => String, { nullable: true })
  readonly namePrefix?: string | null;

  @Field(() => String, { nullable: true, description: 'Part of the name, 3 characters or more.' })
  readonly nameContains?: string | null;
}

@InputType('AccountFilter', { description: 'All given conditions must hold. Texts compare without case.' })
export class AccountFilter {
  @Field(() => [String], { nullable: true, description: 'Connector ids.' })
  readonly connectors?: readonly string[] | null;

  @Field(() => [PrincipalTypeEnum], { nullable: true })
  readonly types?: readonly PrincipalType[] | null;

  @Field(() => [AccountStatusEnum], { nullable: true })
  readonly statuses?: readonly AccountStatus[] | null;

  @Field(() => [AccountEntryEnum], { nullable: true })
  readonly entries?: readonly AccountEntry[] | null;

  @Field(() => Boolean, { nullable: true })
  readonly isLive?: boolean | null;

  @Field(() => String, { nullable: true, description: 'Any of its addresses, exact.' })
  readonly email?: string | null;

  @Field(() => String, { nullable: true })
  readonly userName?: string | null;

  @Field(() => String, { nullable: true })
  readonly employeeNumber?: string | null;

  @Field(() => String, { nullable: true })
  readonly department?: string | null;

  @Field(() => String, { nullable: true })
  readonly namePrefix?: string | null;

  @Field(() => String, { nullable: true, description: 'Part of the name, 3 characters or more.' })
  readonly nameContains?: string | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly createdAfter?: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly lastLoginBefore?: Date | null;

  @Field(() => Boolean, { nullable: true })
  readonly neverLoggedIn?: boolean | null;

  @Field(() => Boolean, { nullable: true })
  readonly mfaEnrolled?: boolean | null;
}

@InputType('NodeFilter', { description: 'All given conditions must hold. Texts compare without case.' })
export class NodeFilter {
  @Field(() => [String], { nullable: true, description: 'Connector ids.' })
  readonly connectors?: readonly string[] | null;

  @Field(() => [String], { nullable: true, description: 'Values of `type`.' })
  readonly types?: readonly string[] | null;

  @Field(() => Boolean, { nullable: true })
  readonly isLive?: boolean | null;

  @Field(() => String, { nullable: true })
  readonly namePrefix?: string | null;

  @Field(() => String, { nullable: true, description: 'Part of the name, 3 characters or more.' })
  readonly nameContains?: string | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly createdAfter?: Date | null;
}

@ArgsType()
export class IdentityListArgs extends PageArgs {
  @Field(() => IdentityFilter, { nullable: true })
  readonly filter?: IdentityFilter | null;

  @Field(() => NodeOrder, { nullable: true, description: 'Default by name.' })
  readonly orderBy?: NodeOrder | null;
}

@ArgsType()
export class AccountListArgs extends PageArgs {
  @Field(() => AccountFilter, { nullable: true })
  readonly filter?: AccountFilter | null;

  @Field(() => NodeOrder, { nullable: true, description: 'Default by name.' })
  readonly orderBy?: NodeOrder | null;
}

@ArgsType()
export class NodeListArgs extends PageArgs {
  @Field(() => NodeFilter, { nullable: true })
  readonly filter?: NodeFilter | null;

  @Field(() => NodeOrder, { nullable: true, description: 'Default by name.' })
  readonly orderBy?: NodeOrder | null;
}
