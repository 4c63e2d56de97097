import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { type Config, type ConnectorSection, configSchema } from './schema.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** Folder of the file: relative paths start there. */
  readonly folder: string;
}

/**
 * Reads a configuration file: YAML, `${NAME}` in a value taken from the environment, checked as a whole.
 * @throws AppError `CONFIG_INVALID` that lists every problem with its place; values are never repeated
 */
export async function loadConfig(path: string, env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  return { config: parseConfig(await readText(path), env, path), folder: dirname(resolve(path)) };
}

/** What of a configuration tells where the graph is and how it is written. */
export interface StoreConfig {
  readonly store: Config['store'];
  readonly connectors: readonly Pick<ConnectorSection, 'id' | 'provider'>[];
}

const sectionsSchema = z.object({ store: z.unknown().optional(), connectors: z.unknown().optional() });
const storeSchema = z.object({
  store: configSchema.shape.store,
  connectors: z.array(z.object({ id: z.string(), provider: z.string() })).default([]),
});

/**
 * The store of a configuration file. The rest is not looked at: nobody needs the secrets of connectors to copy a store.
 * @throws AppError like {@link loadConfig}
 */
export async function loadStoreConfig(
  path: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly config: StoreConfig; readonly folder: string }> {
  const { store, connectors } = checked(sectionsSchema, readDocument(await readText(path), path), path);
  const config = checked(storeSchema, { store: substituted(store, env, path), connectors }, path);
  return { config, folder: dirname(resolve(path)) };
}

/**
 * A store that is described otherwise than in a file, checked by the same rules.
 * @param name what messages call it
 * @throws AppError `CONFIG_INVALID`
 */
export function parseStore(store: unknown, name: string): Config['store'] {
  return checked(storeSchema, { store }, name).store;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(resolve(path), 'utf8');
  } catch (cause) {
    throw new AppError(
      'CONFIG_NOT_FOUND',
      `There is no configuration file at ${path}. Copy examples/crosswalk.config.yaml there, or name yours with --config.`,
      { cause },
    );
  }
}

/** {@link loadConfig} without the file system. `name` is used in messages. */
export function parseConfig(text: string, env: NodeJS.ProcessEnv, name: string): Config {
  const config = checked(configSchema, substituted(readDocument(text, name), env, name), name);
  const seen = new Set<string>();
  for (const { id } of config.connectors) {
    if (seen.has(id)) throw invalid(name, [`connectors: the id "${id}" is used twice`]);
    seen.add(id);
  }
  return config;
}

function readDocument(text: string, name: string): unknown {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0) {
    const first = document.errors[0]!;
    const line = first.linePos?.[0];
    throw invalid(name, [`${line ? `line ${line.line}: ` : ''}not YAML (${first.code})`]);
  }
  // maxAliasCount bounds what a few anchors can blow up to.
  return document.toJS({ maxAliasCount: 50 }) ?? {};
}

function substituted(raw: unknown, env: NodeJS.ProcessEnv, name: string): unknown {
  const missing = new Set<string>();
  const value = substitute(raw, env, missing);
  if (missing.size > 0) {
    throw invalid(
      name,
      [...missing].map((variable) => `the environment has no ${variable}: set it, or write the value`),
    );
  }
  return value;
}

function checked<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(
    name,
    result.error.issues.flatMap((issue) => describeIssue(issue, schema)),
  );
}

/**
 * One issue of a zod check as sentences for the operator: the place, what is wrong, and for an unknown key the nearest
 * known one. Never repeats a value.
 */
export function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType): string[] {
  const place = issue.path.length === 0 ? 'the file' : issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      return `${place}: unknown key "${key}"${near === null ? '' : `; did you mean "${near}"?`}`;
    });
  }
  return [`${place}: ${issue.message}`];
}

function invalid(name: string, problems: readonly string[]): AppError {
  return new AppError(
    'CONFIG_INVALID',
    `${name} cannot be used:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    {
      details: { problems },
    },
  );
}

/** `${NAME}` anywhere in a text; `$${NAME}` stays as `${NAME}`. */
function substitute(value: unknown, env: NodeJS.ProcessEnv, missing: Set<string>): unknown {
  if (typeof value === 'string') {
    return value.replace(/(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, dollar: string, name: string) => {
      if (dollar !== '') return whole.slice(1);
      const found = env[name];
      if (found === undefined || found === '') missing.add(name);
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, env, missing));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, env, missing)]));
  }
  return value;
}

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let node = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchemaNode | undefined;
  for (const step of path) {
    const branches: JsonSchemaNode[] = [node, ...(node?.oneOf ?? []), ...(node?.anyOf ?? [])].filter(
      (branch) => branch !== undefined,
    );
    node =
      typeof step === 'number'
        ? branches.find((branch) => branch.items)?.items
        : branches.find((branch) => branch.properties?.[String(step)])?.properties?.[String(step)];
  }
  const branches = [node, ...(node?.oneOf ?? []), ...(node?.anyOf ?? [])];
  return branches.flatMap((branch) => Object.keys(branch?.properties ?? {}));
}

interface JsonSchemaNode {
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly items?: JsonSchemaNode;
  readonly oneOf?: readonly JsonSchemaNode[];
  readonly anyOf?: readonly JsonSchemaNode[];
}

function nearest(key: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const d = distance(key.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return bestDistance <= Math.max(3, Math.ceil(key.length / 2)) ? best : null;
}
