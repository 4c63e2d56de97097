import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql';
import { answerExtensions } from '../plugins/answer-extensions.ts';
import { logUnexpected } from '../plugins/error-log.ts';
import { assertNodeLimit } from '../plugins/node-limit.ts';
import { publicError } from '../plugins/public-errors.ts';
import type { RequestContext } from './context.ts';
import type { Limits } from './limits.ts';

/** An operation as it comes over a WebSocket or an event stream. */
export interface StreamRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

type Answer = ExecutionResult | AsyncGenerator<ExecutionResult, void, void>;

/** Runs operations for the two stream transports under the same limits, masks and extensions as over plain HTTP. */
export class StreamExecution {
  readonly #schema: GraphQLSchema;
  readonly #limits: Limits;
  readonly #rules: readonly ValidationRule[];
  /** By document, which each request has its own of: what the transports hand back has lost our context's type. */
  readonly #contexts = new WeakMap<DocumentNode, RequestContext>();

  constructor(schema: GraphQLSchema, limits: Limits, extraRules: readonly ValidationRule[]) {
    this.#schema = schema;
    this.#limits = limits;
    this.#rules = [...specifiedRules, ...extraRules];
  }

  /** @returns what can be executed, or the errors that the document has, fit for the caller */
  prepare(request: StreamRequest, context: RequestContext): ExecutionArgs | readonly GraphQLError[] {
    try {
      const document = parse(request.query, { maxTokens: this.#limits.maxTokens });
      const errors = validate(this.#schema, document, this.#rules, { maxErrors: 20 });
      if (errors.length > 0) return errors.map((error) => asPublic(error, context, 'GRAPHQL_VALIDATION_FAILED'));
      const operation = getOperationAST(document, request.operationName);
      if (!operation) throw new GraphQLError('Name one operation of the document with operationName.');
      assertNodeLimit(this.#limits.maxNodes, this.#schema, document, operation, request.variables ?? {});
      this.#contexts.set(document, context);
      return this.#args(document, request, context);
    } catch (error) {
      return [asPublic(error, context, 'GRAPHQL_PARSE_FAILED')];
    }
  }

  /** Executes what {@link prepare} gave. What fails is an answer with errors, also in a stream, which then ends. */
  async run(args: ExecutionArgs): Promise<Answer> {
    const context = this.#contexts.get(args.document);
    if (context === undefined) throw new Error('an operation that was not prepared');
    try {
      const operation = getOperationAST(args.document, args.operationName);
      if (operation?.operation !== 'subscription') return await this.#answer(args, context, undefined);
      const source = await createSourceEventStream(args);
      if (!(Symbol.asyncIterator in source)) return masked(source, context, undefined);
      return this.#stream(args, context, source[Symbol.asyncIterator]());
    } catch (error) {
      return { errors: [asPublic(error, context, 'INTERNAL')] };
    }
  }

  /**
   * One answer for each event. Not a generator: its `return` has to reach the source at once, also while the source
   * waits for the next event.
   */
  #stream(
    args: ExecutionArgs,
    context: RequestContext,
    source: AsyncIterator<unknown>,
  ): AsyncGenerator<ExecutionResult, void, void> {
    let isOver = false;
    const end = async (): Promise<IteratorReturnResult<undefined>> => {
      isOver = true;
      await source.return?.();
      return { done: true, value: undefined };
    };
    return {
      next: async () => {
        if (isOver) return { done: true, value: undefined };
        try {
          const event = await source.next();
          if (event.done || isOver) return await end();
          return { done: false, value: await this.#answer({ ...args, rootValue: event.value }, context, event.value) };
        } catch (error) {
          await end();
          // The stream itself broke: said once, then it ends.
          return { done: false, value: { errors: [asPublic(error, context, 'INTERNAL')] } };
        }
      },
      return: end,
      throw: end,
      [Symbol.asyncIterator]() {
        return this;
      },
      async [Symbol.asyncDispose]() {
        await end();
      },
    };
  }

  async #answer(args: ExecutionArgs, context: RequestContext, event: unknown): Promise<ExecutionResult> {
    return masked(await execute(args), context, cursorOf(event));
  }

  #args(document: DocumentNode, request: StreamRequest, context: RequestContext): ExecutionArgs {
    return {
      schema: this.#schema,
      document,
      operationName: request.operationName ?? null,
      variableValues: request.variables ?? {},
      contextValue: context,
    };
  }
}

/** `cursor` in the extensions of a streamed answer: where to go on after it, whatever fields were selected. */
function cursorOf(event: unknown): string | undefined {
  return event instanceof Object && 'cursor' in event && typeof event.cursor === 'string' ? event.cursor : undefined;
}

function masked(result: ExecutionResult, context: RequestContext, cursor: string | undefined): ExecutionResult {
  const extensions = {
    ...result.extensions,
    ...answerExtensions(context),
    ...(cursor === undefined ? {} : { cursor }),
  };
  if (!result.errors) return { ...result, extensions };
  return { ...result, errors: result.errors.map((error) => asPublic(error, context, 'BAD_USER_INPUT')), extensions };
}

/** A GraphQLError that holds only what the caller may see; `code` for what graphql-js leaves without one. */
function asPublic(error: unknown, context: RequestContext, code: string): GraphQLError {
  const formatted = formattedOf(error, code);
  logUnexpected(context, formatted, error);
  const said = publicError(formatted, error);
  const extensions = { ...said.extensions, requestId: context.requestId };
  const shown = new GraphQLError(said.message, {
    extensions,
    ...(error instanceof GraphQLError ? { nodes: error.nodes, source: error.source, positions: error.positions } : {}),
    ...(said.path ? { path: said.path } : {}),
  });
  return shown;
}

function formattedOf(error: unknown, code: string): GraphQLFormattedError {
  if (!(error instanceof GraphQLError)) return { message: '' };
  const formatted = error.toJSON();
  return { ...formatted, extensions: { code, ...formatted.extensions } };
}
