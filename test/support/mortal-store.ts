import type { GraphStore } from '../../src/ports/graph-store.ts';

/** Calls that write something durable. */
const WRITES = new Set(['commit', 'putRecord', 'setCursor']);

/**
 * A store whose process dies at the n-th write: that write happens (or not), and nothing that is asked afterwards is
 * ever answered. What was written stays in the store inside.
 */
export function mortalStore(
  inside: GraphStore,
  death: { readonly atWrite: number; readonly after: boolean },
): { store: GraphStore; died: Promise<void>; writes(): number } {
  let writes = 0;
  let isDead = false;
  let tell = (): void => {};
  const died = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const silence = new Promise<never>(() => {});
  const die = (): Promise<never> => {
    isDead = true;
    tell();
    return silence;
  };
  const store = new Proxy(inside, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (isDead) return silence;
        const isLast = typeof name === 'string' && WRITES.has(name) && ++writes === death.atWrite;
        if (isLast && !death.after) return die();
        const answer: unknown = Reflect.apply(member, target, args);
        if (!(answer instanceof Promise)) return answer;
        return answer.then((value: unknown) => (isLast ? die() : isDead ? silence : value));
      };
    },
  });
  return { store, died, writes: () => writes };
}
