import type { Json, JsonObject } from '../../../src/domain/json.ts';
import { parseKey } from '../../../src/domain/keys.ts';
import { fold } from '../../../src/domain/text.ts';

/** Codes of the searchable fields, in the order in which a hit is preferred. Stored in `term.field`. */
export const Field = { NAME: 1, USER_NAME: 2, EMPLOYEE_NUMBER: 3, NATIVE_ID: 4, EMAIL: 5 } as const;

/** Longer texts are found by their first so many characters. */
export const MAX_TERM = 1_000;

/** What lists filter and sort by. Texts folded, times in epoch ms. */
export interface Listed {
  readonly connector: string;
  readonly type: string | null;
  readonly status: string | null;
  readonly entry: string | null;
  readonly mfa: number | null;
  readonly department: string | null;
  readonly name: string;
  readonly createdAt: number | null;
  readonly lastLoginAt: number | null;
  /** Connector ids between bars (`|auth0|okta|`) where the record names several: identities. */
  readonly connectors: string | null;
}

/** Folded for comparison; what cannot be typed (control characters, broken surrogates) becomes a blank or U+FFFD. */
export function searchable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return fold(wellFormed(text).replace(/[\u0000-\u001f\u007f]+/g, ' '));
}

export function listedOf(key: string, name: string, properties: JsonObject): Listed {
  const connectors = properties['connectors'];
  return {
    connector: key.slice(0, key.indexOf('/')),
    type: text(properties['type']),
    status: text(properties['status']),
    entry: text(properties['entry']),
    mfa: typeof properties['mfaEnrolled'] === 'boolean' ? Number(properties['mfaEnrolled']) : null,
    department: text(properties['department']),
    name: cut(searchable(name)),
    createdAt: time(properties['createdAt']),
    lastLoginAt: time(properties['lastLoginAt']),
    connectors: Array.isArray(connectors) ? `|${connectors.filter((id) => typeof id === 'string').join('|')}|` : null,
  };
}

/**
 * The searchable texts of a node as one document, a line for each: name, user name, employee number, native id,
 * then the e-mails. {@link termsOf} splits it again, so a change of the document is a change of the terms.
 */
export function documentOf(key: string, name: string, properties: JsonObject): string {
  const emails = properties['emails'];
  const lines = [
    searchable(name),
    text(properties['userName']) ?? '',
    text(properties['employeeNumber']) ?? '',
    searchable(parseKey(key)?.nativeId ?? ''),
  ];
  for (const email of Array.isArray(emails) ? emails : []) {
    const value = text(typeof email === 'object' && email !== null && 'value' in email ? email['value'] : undefined);
    if (value) lines.push(value);
  }
  return lines.map(cut).join('\n');
}

export function termsOf(document: string): { readonly field: number; readonly term: string }[] {
  return document
    .split('\n')
    .map((term, line) => ({ field: Math.min(line + 1, Field.EMAIL), term }))
    .filter(({ term }) => term !== '');
}

/** A searchable text as it stands in a term. */
export function cut(folded: string): string {
  return folded.length <= MAX_TERM ? folded : wellFormed(folded.slice(0, MAX_TERM));
}

/** ISO 8601 as epoch ms; `null` for anything else. */
export function time(value: Json | undefined): number | null {
  if (typeof value !== 'string') return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? searchable(value) : null;
}

/** Lone surrogates as U+FFFD: UTF-8 has no other way to write them. */
function wellFormed(text: string): string {
  return /[\ud800-\udfff]/.test(text) ? Buffer.from(text, 'utf8').toString('utf8') : text;
}
