import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import { GraphQLError, type ValidationContext, type ValidationRule } from 'graphql';

export interface DocumentLimits {
  readonly maxDepth: number;
  readonly maxAliases: number;
  readonly maxDirectives: number;
}

/**
 * Validation rules for documents that ask for too much at once. They report like any other rule: a thrown rejection
 * would become a 500.
 */
export function documentLimitRules(limits: DocumentLimits): ValidationRule[] {
  const reporting = {
    propagateOnRejection: false,
    onReject: [
      (context: ValidationContext | null, error: GraphQLError): void => {
        // The rules call themselves syntax errors, which they are not.
        context?.reportError(new GraphQLError(error.message.replace(/^Syntax Error: /, '')));
      },
    ],
  };
  return [
    maxDepthRule({ n: limits.maxDepth, flattenFragments: true, ...reporting }),
    // Without the empty list, aliases of __typename would pass.
    maxAliasesRule({ n: limits.maxAliases, allowList: [], ...reporting }),
    maxDirectivesRule({ n: limits.maxDirectives, ...reporting }),
  ];
}
