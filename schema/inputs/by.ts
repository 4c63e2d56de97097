import { Field, ID, InputType } from 'type-graphql';

@InputType('NativeRef', { description: 'An object as its provider knows it.' })
export class NativeRef {
  @Field(() => String)
  readonly connector!: string;

  @Field(() => String)
  readonly nativeId!: string;
}

@InputType('UserNameRef', { description: 'An account by the name that its person logs in with.' })
export class UserNameRef {
  @Field(() => String)
  readonly connector!: string;

  @Field(() => String)
  readonly userName!: string;
}

@InputType('IdentityBy', { description: 'Exactly one member.' })
export class IdentityBy {
  @Field(() => ID, { nullable: true })
  readonly id?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Any of its addresses, exact but for case. Several identities with it: the error AMBIGUOUS lists them.',
  })
  readonly email?: string | null;

  @Field(() => String, { nullable: true, description: 'Several identities with it: the error AMBIGUOUS lists them.' })
  readonly employeeNumber?: string | null;

  @Field(() => NativeRef, { nullable: true, description: 'The owner of this account.' })
  readonly account?: NativeRef | null;
}

@InputType('AccountBy', { description: 'Exactly one member.' })
export class AccountBy {
  @Field(() => ID, { nullable: true })
  readonly id?: string | null;

  @Field(() => NativeRef, { nullable: true })
  readonly native?: NativeRef | null;

  @Field(() => UserNameRef, {
    nullable: true,
    description: 'Several accounts with it: the error AMBIGUOUS lists them.',
  })
  readonly userName?: UserNameRef | null;
}

@InputType('NodeBy', { description: 'Exactly one member.' })
export class NodeBy {
  @Field(() => ID, { nullable: true })
  readonly id?: string | null;

  @Field(() => NativeRef, { nullable: true })
  readonly native?: NativeRef | null;
}

/** Inputs of which exactly one member must be given; `schema.ts` marks them `@oneOf`. */
export const ONE_OF_INPUTS: readonly string[] = ['IdentityBy', 'AccountBy', 'NodeBy'];
