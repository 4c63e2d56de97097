/**
 * URL of the relation `rel` in Link headers (RFC 8288), or `null`. Takes one value or several joined by commas;
 * commas and semicolons inside `<…>` belong to the URL.
 */
export function linkRelation(header: string | null, rel: string): string | null {
  if (header === null) return null;
  for (const match of header.matchAll(/<([^<>]*)>([^<]*)/g)) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(match[2] ?? '');
    const names = (relation?.[1] ?? relation?.[2] ?? '').toLowerCase().split(/\s+/);
    if (names.includes(rel)) return match[1] ?? null;
  }
  return null;
}
