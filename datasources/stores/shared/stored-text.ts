// SQLite's binding cuts texts at NUL, and UTF-8 has no lone surrogates: both are escaped, order and prefixes survive.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the point
const SUSPECT = /[\u0000\u0001\ud800-\udfff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the point
const ESCAPED = /[\u0000\u0001]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Any JavaScript string as a text that a database gives back unchanged. */
export function storable(text: string): string {
  if (!SUSPECT.test(text)) return text;
  return text.replace(ESCAPED, (unit) => `\u0001${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Reverses {@link storable}. */
export function restored(text: string): string {
  if (!text.includes('\u0001')) return text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape mark
  return text.replace(/\u0001([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
