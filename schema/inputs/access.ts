import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import { LinkKindEnum, NodeKindEnum, PathModeEnum } from '../types/enums.ts';
import { ForwardPageArgs, WalkArgs } from './page-args.ts';

@ArgsType()
export class AccessPathsArgs {
  @Field(() => ID)
  readonly from!: string;

  @Field(() => ID)
  readonly to!: string;

  @Field(() => Int, { nullable: true, description: 'Paths at most: 1–100, default 10.' })
  readonly first?: number | null;

  @Field(() => Int, { nullable: true, description: 'Longest path, in hops: 1–16, default 8.' })
  readonly maxHops?: number | null;

  @Field(() => PathModeEnum, { nullable: true, description: 'Default SHORTEST.' })
  readonly mode?: 'SHORTEST' | 'ALL' | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Default false: only what works now. True: also through what is suspended, disabled or expired.',
  })
  readonly includeNotLive?: boolean | null;
}

@ArgsType()
export class ReachableArgs extends WalkArgs {
  @Field(() => ID)
  readonly from!: string;

  @Field(() => [NodeKindEnum], { nullable: true, description: 'Default all kinds.' })
  readonly kinds?: readonly NodeKind[] | null;
}

@ArgsType()
export class WhoCanAccessArgs extends WalkArgs {
  @Field(() => ID, { description: 'Id of an application.' })
  readonly application!: string;
}

@ArgsType()
export class WhoCanReachArgs extends WalkArgs {
  @Field(() => ID, { description: 'Id of any node: a group, a role, a permission …' })
  readonly to!: string;

  @Field(() => [NodeKindEnum], { nullable: true, description: 'Kinds of those who reach it; default identities.' })
  readonly kinds?: readonly NodeKind[] | null;
}

@ArgsType()
export class SearchArgs extends ForwardPageArgs {
  @Field(() => String, {
    description:
      'Part (3 characters or more) or beginning of a name, user name, e-mail, employee number or native id; best matches first.',
  })
  readonly text!: string;

  @Field(() => [NodeKindEnum], { nullable: true })
  readonly kinds?: readonly NodeKind[] | null;

  @Field(() => [String], { nullable: true, description: 'Connector ids.' })
  readonly connectors?: readonly string[] | null;
}

@InputType('ChangeFilter', {
  description:
    'What changes to tell. With `kinds` alone, links are left out; with `linkKinds` alone, nodes are; with neither, everything is told.',
})
export class ChangeFilter {
  @Field(() => [NodeKindEnum], { nullable: true })
  readonly kinds?: readonly NodeKind[] | null;

  @Field(() => [LinkKindEnum], { nullable: true })
  readonly linkKinds?: readonly LinkKind[] | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Connector ids of those who assert it; `crosswalk` for identities and what was derived.',
  })
  readonly connectors?: readonly string[] | null;
}

@ArgsType()
export class GraphChangesArgs {
  @Field(() => String, {
    nullable: true,
    description:
      'Cursor of an event or of `graph { cursor }`: everything after it, then what happens. Default: from now on.',
  })
  readonly after?: string | null;

  @Field(() => ChangeFilter, { nullable: true })
  readonly filter?: ChangeFilter | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: a BOOKMARK now and then, so that a filtered stream keeps a fresh cursor. Default false.',
  })
  readonly bookmarks?: boolean | null;
}
