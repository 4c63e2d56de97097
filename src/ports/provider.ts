import type { z } from 'zod';
import type { JsonObject } from '../domain/json.ts';
import type { LinkKind } from '../domain/link-kinds.ts';
import type { NodeKind } from '../domain/node-kinds.ts';
import type { NodeProperties } from '../domain/properties.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/** One end of a link: a node of the same connector by kind and native id. */
export interface NodeRef {
  readonly kind: NodeKind;
  readonly nativeId: string;
}

/** A node as a provider describes it, already in the words of the domain. */
export interface NodeDraft<K extends NodeKind = NodeKind> {
  readonly kind: K;
  readonly nativeId: string;
  /** What people call it; never empty (fall back to the native id). */
  readonly name: string;
  /** Bits of `NodeFlag`. */
  readonly flags?: number;
  readonly properties: NodeProperties<K>;
}

export interface LinkDraft {
  readonly from: NodeRef;
  readonly kind: LinkKind;
  readonly to: NodeRef;
  readonly qualifier?: string;
  /** Bits of `LinkFlag`. */
  readonly flags?: number;
  readonly properties?: object;
}

/** One page of a listing. Everything the page says is in it; order among pages is the provider's. */
export interface SyncPage {
  readonly nodes: readonly NodeDraft[];
  readonly links: readonly LinkDraft[];
  /** Where to resume after this page; `null` on the last one. */
  readonly cursor: JsonObject | null;
  /** How many provider rows the listing holds, when the provider tells. */
  readonly total?: number;
  /** Provider rows in this page, for the progress display. */
  readonly rows: number;
  /** Set when the listing cannot be trusted to be complete (partial visibility, unsorted offset pages, an id without a parent): nothing is removed. */
  readonly incomplete?: string;
}

export interface SyncerContext {
  readonly signal: AbortSignal;
  /** Resume point of an earlier page of this run, or `null` for the beginning. */
  readonly cursor: JsonObject | null;
  /**
   * Ids that an earlier syncer of this run listed completely (members of every group: the groups). In the order of
   * listing; also right after a resume.
   */
  ids(syncer: string, kind: NodeKind): readonly string[];
  /** Properties as this run or an earlier one stored them; `null` when unknown. For parents that a child listing needs. */
  node(kind: NodeKind, nativeId: string): Promise<{ readonly name: string; readonly properties: JsonObject } | null>;
}

/** Reads one listing. Listed nodes and links that a *complete* run did not yield are removed by the sync service. */
export interface Syncer {
  /** kebab-case, unique in the provider: the listing name of its sources. */
  readonly name: string;
  /** For progress: "users". */
  readonly title: string;
  readonly nodes: readonly NodeKind[];
  readonly links: readonly LinkKind[];
  /** Scopes or permissions it needs, as the provider spells them. */
  readonly requires: readonly string[];
  /** Syncers that must have run before, because this one asks for their ids. */
  readonly after?: readonly string[];
  /** True: without it the run fails (users). Otherwise a missing scope or feature skips it and keeps its old rows, marked stale. */
  readonly mandatory?: boolean;
  list(context: SyncerContext): AsyncGenerator<SyncPage, void, void>;
}

/** What a connector is connected to. `nativeId` is unique over all tenants of the provider. */
export interface TenantInfo {
  readonly nativeId: string;
  readonly name: string;
  /** Hosts and issuers that are verifiably this tenant's own, lower-case (`acme.okta.com`, `login.acme.com`). */
  readonly domains: readonly string[];
  readonly url?: string;
  readonly logoUrl?: string;
  /** The administrators' console, the tenant's Application of type CONSOLE. */
  readonly console: { readonly name: string; readonly url?: string };
  /** Scopes granted to the credentials, when the provider tells. */
  readonly scopes?: readonly string[];
}

/** Native id of the CONSOLE application of every connector; roles end there: Role GRANTS Permission PERMITS this. */
export const CONSOLE_NATIVE_ID = 'console';

/** An open line to one tenant. */
export interface ProviderSession {
  readonly tenant: TenantInfo;
  readonly syncers: readonly Syncer[];
  /** Reads one node with its own links, fresh; `null` when it is gone. Only kinds in `liveKinds`. */
  live?(
    ref: NodeRef,
    signal: AbortSignal,
  ): Promise<{ readonly nodes: readonly NodeDraft[]; readonly links: readonly LinkDraft[] } | null>;
  readonly liveKinds?: readonly NodeKind[];
  /** Requests sent so far, by outcome; for run records and the benches. */
  stats(): { readonly requests: number; readonly retries: number; readonly throttledMs: number };
  close(): Promise<void>;
}

export interface ProviderContext {
  readonly connector: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Test and demo only: lets a base URL be plain HTTP on a loopback address. */
  readonly allowLoopback: boolean;
  /** What the connector was connected to before, for providers that do not always tell who they are. */
  readonly knownTenant?: { readonly nativeId: string; readonly name: string } | undefined;
}

export interface Provided<Kind extends string> {
  readonly kind: Kind;
  /** One sentence: what of the provider becomes this. */
  readonly sentence: string;
}

/** A kind of system that can be read. One folder under `datasources/providers`, one `defineProvider`. */
export interface ProviderDefinition<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly title: string;
  /** zod 4; each field has `.describe()`. Secrets are marked by `secretFields`. Accepts what admins paste. */
  readonly settingsSchema: Schema;
  readonly secretFields: readonly string[];
  /** Part of every record's hash: raise it when `toDomain` says something new. */
  readonly normaliserVersion: number;
  readonly provides: {
    readonly nodes: readonly Provided<NodeKind>[];
    readonly links: readonly Provided<LinkKind>[];
  };
  /** Scopes for each syncer name: docs and the settings screen come from it. */
  readonly requires: Readonly<Record<string, readonly string[]>>;
  /**
   * Authenticates and finds out who the tenant is.
   * @throws AppError `UPSTREAM_*`
   */
  connect(settings: z.output<Schema>, context: ProviderContext): Promise<ProviderSession>;
}

/** Identity function that keeps the settings' type together. */
export function defineProvider<Schema extends z.ZodType>(
  definition: ProviderDefinition<Schema>,
): ProviderDefinition<Schema> {
  return definition;
}
