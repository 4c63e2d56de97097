function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** Middle of the times. */
export const median = (times: readonly number[]): number => quantile(times, 0.5);
export const spread = (times: readonly number[]): string =>
  `p50 ${ms(median(times))}, p95 ${ms(quantile(times, 0.95))}`;
export const ratio = (theirs: number, ours: number): string => `${(theirs / ours).toFixed(1)}×`;
export const count = (n: number): string => n.toLocaleString('en');
export const ms = (time: number): string =>
  time < 1 ? `${(time * 1_000).toFixed(0)} µs` : `${time.toFixed(time < 100 ? 1 : 0)} ms`;

export function heading(text: string): void {
  console.log(`\n${text}`);
}

export function line(what: string, figures: string): void {
  console.log(`  ${what.padEnd(52)} ${figures}`);
}
