import { ArgsType, Field, Int } from 'type-graphql';

/** Relay paging. The rules (1–500, one direction) are checked by the resolvers. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, description: 'The first n after `after`: 1–500, default 50.' })
  readonly first?: number | null;

  @Field(() => String, { nullable: true })
  readonly after?: string | null;

  @Field(() => Int, { nullable: true, description: 'The last n before `before`, in list order: 1–500.' })
  readonly last?: number | null;

  @Field(() => String, { nullable: true })
  readonly before?: string | null;
}

/** Lists that are ranked or come newest first are read forwards only. */
@ArgsType()
export class ForwardPageArgs {
  @Field(() => Int, { nullable: true, description: 'The first n after `after`: 1–500, default 50.' })
  readonly first?: number | null;

  @Field(() => String, { nullable: true })
  readonly after?: string | null;
}

@ArgsType()
export class LinkedArgs extends PageArgs {
  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only what works now. Default false: everything the providers say, each edge with `isLive`.',
  })
  readonly liveOnly?: boolean | null;
}

@ArgsType()
export class WalkArgs extends PageArgs {
  @Field(() => Int, { nullable: true, description: 'Longest path, in hops: 1–254, default 254: the whole graph.' })
  readonly maxHops?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Default false: only what works now. True: also through what is suspended, disabled or expired.',
  })
  readonly includeNotLive?: boolean | null;
}
