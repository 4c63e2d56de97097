import type { FastifyInstance } from 'fastify';

/** Requests whose answer is not finished yet, so that a server that closes can wait for them and for nothing else. */
export class InFlight {
  #running = 0;
  #wake: () => void = () => undefined;

  watch(app: FastifyInstance): void {
    app.addHook('onRequest', async (_request, reply) => {
      this.#running++;
      reply.raw.once('close', () => {
        this.#running--;
        if (this.#running === 0) this.#wake();
      });
    });
  }

  /** Resolves when nothing runs any more, at the latest after `ms`. */
  async settled(ms: number): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
