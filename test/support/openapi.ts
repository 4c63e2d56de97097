import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

/** One place where an answer breaks the official document. Never a value, so it may be printed. */
export interface Deviation {
  /** JSON pointer into the answer, indices as `{n}`: `/{n}/profile/email`. */
  readonly at: string;
  /** JSON Schema keyword that failed: `type`, `required`, `enum`, `format` … */
  readonly keyword: string;
  readonly message: string;
}

/** A deviation we keep on purpose, because the real API deviates from its own document (or the document from itself). */
export interface KnownDeviation {
  /** Exact `at`, or a pattern for it. */
  readonly at: string | RegExp;
  readonly keyword?: string;
  /** Why it is the document that is wrong, and how we know. */
  readonly reason: string;
}

export interface OperationRef {
  /** Path template as the document spells it: `/api/v1/users/{id}`. */
  readonly path: string;
  readonly method: string;
  readonly status: number;
}

/** An official OpenAPI 3.0, 3.1 or Swagger 2 document that answers can be held to. */
export interface OpenApi {
  readonly version: string;
  has(path: string, method: string): boolean;
  /**
   * Deviations of an answer from the schema of that operation and status (`2XX` and `default` count as well), without
   * those that are known. @throws Error when the document has no such operation, status or JSON schema
   */
  check(operation: OperationRef, body: unknown, known?: readonly KnownDeviation[]): Deviation[];
  /** The same for a named schema of the document. */
  checkSchema(name: string, body: unknown, known?: readonly KnownDeviation[]): Deviation[];
}

/** Folder of the official documents; the suite under `test/openapi` is collected only where it is named. */
export function openApiFolder(): string {
  const folder = process.env['CROSSWALK_OPENAPI_DIR'];
  if (!folder) throw new Error('CROSSWALK_OPENAPI_DIR does not name the folder of the official documents.');
  return folder;
}

type Dict = Record<string, unknown>;
const isDict = (value: unknown): value is Dict => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Reads a document of {@link openApiFolder} (JSON or YAML). Reading and the first check of a big one take a second or two. */
export function loadOpenApi(file: string): OpenApi {
  const text = readFileSync(join(openApiFolder(), file), 'utf8');
  const raw: unknown = file.endsWith('.json') ? JSON.parse(text) : parse(text, { maxAliasCount: -1 });
  if (!isDict(raw)) throw new Error(`${file} is no OpenAPI document.`);
  const version = String(raw['openapi'] ?? raw['swagger']);
  const document = { ...asJsonSchema(raw, !version.startsWith('3.1')), $id: 'document' };
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false, logger: false });
  addFormats.default(ajv);
  ajv.addSchema(document);
  const compiled = new Map<string, ValidateFunction>();

  const at = (pointer: string): unknown => {
    let node: unknown = document;
    for (const part of pointer.split('/').slice(1)) {
      node = isDict(node) ? node[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
    }
    return node;
  };
  const followed = (pointer: string): { pointer: string; node: Dict } | null => {
    const node = at(pointer);
    if (!isDict(node)) return null;
    const target = node['$ref'];
    return typeof target === 'string' && target.startsWith('#') ? followed(target.slice(1)) : { pointer, node };
  };
  const run = (pointer: string, body: unknown, known: readonly KnownDeviation[]): Deviation[] => {
    let validate = compiled.get(pointer);
    if (validate === undefined) {
      validate = ajv.compile({ $ref: `document#${encodeURI(pointer)}` });
      compiled.set(pointer, validate);
    }
    if (validate(body)) return [];
    return unknownOnly(toDeviations(validate.errors ?? []), known);
  };

  return {
    version,
    has: (path, method) => isDict(at(`/paths/${escapePointer(path)}/${method.toLowerCase()}`)),
    check({ path, method, status }, body, known = []) {
      const responses = `/paths/${escapePointer(path)}/${method.toLowerCase()}/responses`;
      for (const name of [String(status), `${Math.floor(status / 100)}XX`, 'default']) {
        const response = followed(`${responses}/${name}`);
        if (response === null) continue;
        const pointer = schemaOf(response);
        if (pointer !== null) return run(pointer, body, known);
      }
      throw new Error(`${file} describes no JSON answer ${status} of ${method} ${path}.`);
    },
    checkSchema(name, body, known = []) {
      const parent = version.startsWith('2') ? '/definitions' : '/components/schemas';
      const pointer = `${parent}/${escapePointer(name)}`;
      if (at(pointer) === undefined) throw new Error(`${file} has no schema ${name}.`);
      return run(pointer, body, known);
    },
  };
}

function schemaOf(response: { pointer: string; node: Dict }): string | null {
  if (isDict(response.node['schema'])) return `${response.pointer}/schema`;
  const content = response.node['content'];
  if (!isDict(content)) return null;
  const type = Object.keys(content).find((name) => /^application\/([a-z.+-]*\+)?json\b/.test(name));
  if (type === undefined) return null;
  const media = content[type];
  return isDict(media) && media['schema'] !== undefined
    ? `${response.pointer}/content/${escapePointer(type)}/schema`
    : null;
}

const escapePointer = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1');

function toDeviations(errors: readonly ErrorObject[]): Deviation[] {
  const seen = new Map<string, Deviation>();
  for (const error of errors) {
    const path = error.instancePath.replace(/\/\d+(?=\/|$)/g, '/{n}');
    // The name of a missing or extra member is a key, not a value.
    const member: unknown = error.params['missingProperty'] ?? error.params['additionalProperty'];
    const location = typeof member === 'string' ? `${path}/${member}` : path;
    const deviation = { at: location, keyword: error.keyword, message: error.message ?? '' };
    seen.set(`${deviation.at} ${deviation.keyword} ${deviation.message}`, deviation);
  }
  return [...seen.values()];
}

function unknownOnly(deviations: Deviation[], known: readonly KnownDeviation[]): Deviation[] {
  return deviations.filter(
    (deviation) =>
      !known.some(
        ({ at, keyword }) =>
          (keyword === undefined || keyword === deviation.keyword) &&
          (typeof at === 'string' ? at === deviation.at : at.test(deviation.at)),
      ),
  );
}

/** Members that hold free data, in which nothing is a schema. */
const DATA = new Set(['example', 'examples', 'default', 'x-examples', 'description', 'summary']);

/**
 * The document with its schemas in the words of JSON Schema 2020-12: `nullable` and `x-nullable` as a null type,
 * boolean exclusive bounds as numbers, a discriminator with a mapping as if/then in place of an ambiguous `oneOf`.
 */
function asJsonSchema(node: Dict, old: boolean): Dict {
  const convert = (value: unknown, isNames: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => convert(item, false));
    if (!isDict(value)) return value;
    const out: Dict = {};
    for (const [key, member] of Object.entries(value)) {
      if (!isNames && (DATA.has(key) || key.startsWith('x-') || key === '$id' || key === 'id')) continue;
      // Below these, keys are names of properties or schemas, not keywords.
      const names =
        !isNames &&
        ['properties', 'schemas', 'definitions', 'patternProperties', 'responses', 'paths', 'content'].includes(key);
      out[key] = !isNames && (key === 'enum' || key === 'const') ? member : convert(member, names);
    }
    return isNames ? out : schema(out, value, old);
  };
  const converted = convert(node, false);
  return isDict(converted) ? converted : {};
}

function schema(out: Dict, original: Dict, old: boolean): Dict {
  let result = discriminated(out);
  if (!old) return result;
  for (const [flag, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof result[flag] !== 'boolean') continue;
    const { [flag]: exclusive, ...rest } = result;
    result = exclusive === true ? { ...rest, [flag]: rest[bound] } : rest;
  }
  if (original['nullable'] !== true && original['x-nullable'] !== true) return result;
  const { nullable: _nullable, ...rest } = result;
  return { anyOf: [{ type: 'null' }, rest] };
}

function discriminated(node: Dict): Dict {
  const { discriminator, ...rest } = node;
  if (!isDict(discriminator)) return node;
  const name = discriminator['propertyName'];
  const mapping = discriminator['mapping'];
  if (typeof name !== 'string' || !isDict(mapping)) return rest;
  const { oneOf: _oneOf, anyOf: _anyOf, ...base } = rest;
  // Only where it chooses among alternatives; on a base schema every choice includes the base again, without end.
  if (_oneOf === undefined && _anyOf === undefined) return rest;
  const choices = Object.entries(mapping)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .map(([value, target]) => ({
      if: { type: 'object', properties: { [name]: { const: value } }, required: [name] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: target.startsWith('#') ? target : `#/components/schemas/${target}` },
    }));
  return { ...base, allOf: [...(Array.isArray(base['allOf']) ? base['allOf'] : []), ...choices] };
}
