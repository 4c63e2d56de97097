/** Values that a filter may ask for, by property name. */
export type Fields<T> = Readonly<Record<string, (row: T) => string | null>>;

const TERM = /^([\w.]+)\s+(eq|gt|ge|lt|le|sw)\s+(?:"([^"]*)"|(true|false))$/;
const OPERATORS: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  eq: (value, wanted) => value === wanted,
  gt: (value, wanted) => value > wanted,
  ge: (value, wanted) => value >= wanted,
  lt: (value, wanted) => value < wanted,
  le: (value, wanted) => value <= wanted,
  sw: (value, wanted) => value.startsWith(wanted),
};

/**
 * The part of Okta's filter language that its clients use: terms joined by `and` and `or` (which binds less), without
 * parentheses. `null`: not a valid criterion (E0000031).
 */
export function parseFilter<T>(
  text: string,
  fields: Fields<T>,
  options: { readonly ignoreCase: boolean },
): ((row: T) => boolean) | null {
  const fold = (value: string): string => (options.ignoreCase ? value.toLowerCase() : value);
  const alternatives: ((row: T) => boolean)[][] = [];
  for (const alternative of split(text, 'or')) {
    const terms: ((row: T) => boolean)[] = [];
    for (const term of split(alternative, 'and')) {
      const match = TERM.exec(term.trim());
      const field = fields[match?.[1] ?? ''];
      const compare = OPERATORS[match?.[2] ?? ''];
      if (match === null || field === undefined || compare === undefined) return null;
      const wanted = fold(match[3] ?? match[4] ?? '');
      terms.push((row) => {
        const value = field(row);
        return value !== null && compare(fold(value), wanted);
      });
    }
    alternatives.push(terms);
  }
  return (row) => alternatives.some((terms) => terms.every((term) => term(row)));
}

/** Splits at a word outside of quotes. */
function split(text: string, word: 'and' | 'or'): string[] {
  const parts: string[] = [''];
  text.split('"').forEach((piece, i) => {
    const pieces = i % 2 === 0 ? piece.split(new RegExp(`\\s${word}\\s`, 'i')) : [piece];
    const quoted = i % 2 === 0 ? pieces : [`"${piece}"`];
    parts[parts.length - 1] += quoted[0] ?? '';
    parts.push(...quoted.slice(1));
  });
  return parts;
}
