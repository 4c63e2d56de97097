/** What goes wrong. `cut`: half a body, then a dead socket. `empty`, `repeat-token`: only where a listing asks the kit. */
export const FAULT_KINDS = ['status', 'cut', 'empty', 'repeat-token', 'slow', 'html'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One thing to go wrong, for all requests it matches. The first matching rule that still has times left wins. */
export interface FaultRule {
  /** Part of `METHOD /path?query` as it came over the wire, or the source of a regular expression for it. */
  readonly match: string;
  readonly kind: FaultKind;
  /** `status`: default 500. `html`: default 200. */
  readonly status?: number | undefined;
  /** `slow`: default 1,000. */
  readonly ms?: number | undefined;
  /** How often; default for ever. */
  readonly times?: number | undefined;
  /** Lets this many matching requests pass first. */
  readonly after?: number | undefined;
  /** Extra headers of a `status` answer, for example `retry-after`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A rule at work, with what it has to remember between requests. */
export interface ActiveFault {
  readonly rule: FaultRule;
  readonly pattern: RegExp | null;
  passed: number;
  used: number;
  /** `repeat-token`: the first token given for each path. */
  readonly tokens: Map<string, string>;
}

/** The faults an emulator injects. Changes take effect with the next request. */
export class Faults {
  #active: ActiveFault[] = [];

  add(rule: FaultRule): void {
    let pattern: RegExp | null = null;
    try {
      pattern = new RegExp(rule.match);
    } catch {
      // Not every path is a pattern; then it only matches as text.
    }
    this.#active.push({ rule, pattern, passed: 0, used: 0, tokens: new Map() });
  }

  clear(): void {
    this.#active = [];
  }

  list(): FaultRule[] {
    return this.#active.map((fault) => fault.rule);
  }

  /** The fault for a request, counted as used; `null` when all is well. */
  take(request: string): ActiveFault | null {
    for (const fault of this.#active) {
      const { rule, pattern } = fault;
      if (!request.includes(rule.match) && !pattern?.test(request)) continue;
      if (fault.passed < (rule.after ?? 0)) {
        fault.passed += 1;
        continue;
      }
      if (rule.times !== undefined && fault.used >= rule.times) continue;
      fault.used += 1;
      return fault;
    }
    return null;
  }
}
