import autocannon from 'autocannon';

export interface Load {
  readonly perSecond: number;
  /** Milliseconds of every answer. */
  readonly times: readonly number[];
}

/**
 * Sends POSTs for a while, each connection one after the other; the bodies take turns.
 * @throws Error when an answer is not a 200
 */
export async function load(
  url: string,
  bodies: readonly string[],
  options: { connections: number; seconds: number },
): Promise<Load> {
  const times: number[] = [];
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const requests = bodies.map((body) => ({
      method: 'POST' as const,
      path: '/graphql',
      headers: { 'content-type': 'application/json' },
      body,
    }));
    const settings = { url, connections: options.connections, duration: options.seconds, requests };
    autocannon(settings, (error: unknown, done) => (error ? reject(error) : resolve(done))).on(
      'response',
      (_client, _status, _bytes, ms) => times.push(ms),
    );
  });
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) throw new Error(`${failed} of ${times.length} requests to ${url} failed`);
  return { perSecond: times.length / result.duration, times };
}
