/** What one caller may ask for. Every default is documented here and printed by the docs. */
export interface Limits {
  /** Tokens of one document; default 2,000 (the standard introspection query has about 300). */
  readonly maxTokens: number;
  /** Nesting of fields; default 16. Introspection is not counted. */
  readonly maxDepth: number;
  /** Aliases in one document; default 30. */
  readonly maxAliases: number;
  /** Directives in one document; default 50. */
  readonly maxDirectives: number;
  /** Nodes that a document can return at most: the product of `first`/`last` along the nesting; default 500,000. */
  readonly maxNodes: number;
  /** Bytes of a request body or of a WebSocket message; default 1 MiB. */
  readonly maxBodyBytes: number;
  /** Longest run of one request; default 30,000 ms. Subscriptions have none. */
  readonly requestTimeoutMs: number;
  /** Open WebSockets and event streams together; default 2,000. */
  readonly maxStreams: number;
  /** Operations at once on one WebSocket; default 50. */
  readonly maxOperationsPerSocket: number;
  /** Ping of idle streams; default 12,000 ms. */
  readonly heartbeatMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxTokens: 2_000,
  maxDepth: 16,
  maxAliases: 30,
  maxDirectives: 50,
  maxNodes: 500_000,
  maxBodyBytes: 1_048_576,
  requestTimeoutMs: 30_000,
  maxStreams: 2_000,
  maxOperationsPerSocket: 50,
  heartbeatMs: 12_000,
};
