/** One measured number. */
export interface Figure {
  readonly name: string;
  readonly value: number | string;
  readonly unit: string;
  /** What it should be: `< 60`, `>= 0.9`; compared with the ratio when there is one and `of` is `ratio`. */
  readonly target?: string;
  /** What the target speaks of; default the value. */
  readonly of?: 'value' | 'ratio';
  /** What it is compared with in the same run, in the same unit. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** value / peer. */
  readonly ratio?: number;
  /** Sizes of what it was measured on: `S, 4,011 accounts`. */
  readonly data?: string;
}

/** True when the figure meets its target; `null` when it has none. */
export function meets({ value, ratio, target, of }: Figure): boolean | null {
  const match = target === undefined ? null : /^(<=|>=|<|>|=) ?([\d.]+)$/.exec(target);
  if (match === null) return null;
  const measured = of === 'ratio' ? ratio : value;
  if (typeof measured !== 'number') return null;
  const wanted = Number(match[2]);
  if (match[1] === '<') return measured < wanted;
  if (match[1] === '<=') return measured <= wanted;
  if (match[1] === '>') return measured > wanted;
  if (match[1] === '>=') return measured >= wanted;
  return measured === wanted;
}

/** Prints a figure as one line and hands it to the program that started this bench, which writes the report. */
export function figure(given: Omit<Figure, 'ratio'>): void {
  const { peer, value } = given;
  const compared = peer !== undefined && typeof value === 'number' && peer.value !== 0;
  const full: Figure = compared ? { ...given, ratio: round(value / peer.value) } : given;
  console.log(lineOf(full));
  process.send?.({ figure: full });
}

function lineOf(full: Figure): string {
  const { name, value, unit, target, peer, ratio, data } = full;
  const met = meets(full);
  const parts = [
    `${name.padEnd(52)} ${text(value)} ${unit}`,
    ...(target === undefined ? [] : [`target ${full.of === 'ratio' ? 'ratio ' : ''}${target}`]),
    ...(met === null ? [] : [met ? 'met' : 'MISSED']),
    ...(peer === undefined ? [] : [`${peer.name}: ${text(peer.value)} ${unit}`]),
    ...(ratio === undefined ? [] : [`ratio ${ratio}`]),
    ...(data === undefined ? [] : [data]),
  ];
  return parts.join(' · ');
}

export function round(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toFixed(Math.min(digits, 6)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Share `p` (0–1) of the values is not above it. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}

function text(value: number | string): string {
  return typeof value === 'string' ? value : round(value).toLocaleString('en');
}
