/**
 * What lies at a dotted path; through a list it gives a list, unless a number takes one
 * of it: `pick(answer, 'identity.accounts.nodes.name')`.
 * A missing member gives `undefined`.
 */
export function pick(value: unknown, path: string): unknown {
  const dot = path.indexOf('.');
  const name = dot < 0 ? path : path.slice(0, dot);
  const step = (item: unknown): unknown => (item instanceof Object ? Reflect.get(item, name) : undefined);
  const found = Array.isArray(value) && !/^\d+$/.test(name) ? value.flat().map(step) : step(value);
  return dot < 0 ? found : pick(found, path.slice(dot + 1));
}

/** As {@link pick}, for a text. */
export function pickText(value: unknown, path: string): string {
  const found = pick(value, path);
  if (typeof found !== 'string') throw new Error(`no text at ${path}: ${JSON.stringify(found)}`);
  return found;
}
