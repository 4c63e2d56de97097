import { Field, ObjectType } from 'type-graphql';

@ObjectType('Email', { simpleResolvers: true })
export class Email {
  @Field(() => String)
  readonly value!: string;

  @Field(() => String, { nullable: true })
  readonly type!: string | null;

  @Field(() => Boolean)
  readonly primary!: boolean;

  @Field(() => Boolean, { nullable: true, description: 'What the provider itself says; null when it does not.' })
  readonly verified!: boolean | null;

  @Field(() => Boolean, { description: 'Set by an administrator of a directory, not by the person.' })
  readonly directorySet!: boolean;
}

@ObjectType('PersonName', { simpleResolvers: true })
export class PersonName {
  @Field(() => String, { nullable: true })
  readonly givenName!: string | null;

  @Field(() => String, { nullable: true })
  readonly familyName!: string | null;

  @Field(() => String, { nullable: true })
  readonly formatted!: string | null;
}

@ObjectType('FederatedSubject', {
  simpleResolvers: true,
  description: 'The subject under which an upstream tenant knows the person of an account.',
})
export class FederatedSubject {
  @Field(() => String, { description: 'Native id of the connection or identity provider it came through.' })
  readonly connectionId!: string;

  @Field(() => String, { nullable: true })
  readonly connectionName!: string | null;

  @Field(() => String)
  readonly subject!: string;

  @Field(() => String, { description: '`id`, `userName` or `nameId`.' })
  readonly subjectType!: string;
}
