/** Counts open WebSockets and event streams against one limit. */
export class StreamCount {
  readonly #max: number;
  #open = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** @returns false when there is no room */
  take(): boolean {
    if (this.#open >= this.#max) return false;
    this.#open++;
    return true;
  }

  give(): void {
    this.#open--;
  }
}
