const WORDS = /^\.?[a-z]+(?:[-_.][a-z]+)*$/;
const CAMEL = /^[a-z]{2,}(?:[A-Z][a-z]{2,}){1,3}$/;
const VERSION = /^(?:v\d+[a-z]*\d*|oauth2)$/;

/**
 * A path fit for a log: whatever could be an id is `{id}`, and there is no query.
 * `/api/v1/groups/00g1abc/users?after=x` → `/api/v1/groups/{id}/users`.
 * An id made of lower-case words alone cannot be told from a word; callers that use such ids give their own template.
 */
export function pathTemplate(path: string): string {
  const end = path.search(/[?#]/);
  return (end < 0 ? path : path.slice(0, end))
    .split('/')
    .map((part) =>
      part === '' || ((WORDS.test(part) || CAMEL.test(part) || VERSION.test(part)) && part.length <= 32)
        ? part
        : '{id}',
    )
    .join('/');
}

/** True when `path` is one of the templates, in which `{name}` stands for exactly one segment. */
export function matchesTemplate(path: string, templates: readonly string[]): boolean {
  const parts = path.split('/');
  return templates.some((template) => {
    const wanted = template.split('/');
    return (
      wanted.length === parts.length &&
      wanted.every((part, i) => (part.startsWith('{') ? parts[i] !== '' : part === parts[i]))
    );
  });
}
