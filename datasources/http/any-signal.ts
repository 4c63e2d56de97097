/**
 * Runs `work` with a signal that follows all of `signals`, and lets go of them afterwards. In place of
 * `AbortSignal.any`, which leaks on long-lived signals in Node 20.
 */
export async function withAnySignal<R>(
  signals: readonly AbortSignal[],
  work: (controller: AbortController) => Promise<R>,
): Promise<R> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const signal of signals) {
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  }
  try {
    return await work(controller);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', abort);
  }
}
