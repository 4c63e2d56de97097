import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import { fenced, type LeasedGraph } from '../leases/fenced.ts';
import type { Leases } from '../leases/leases.ts';
import { Singleton } from '../leases/singleton.ts';
import { ExpiryConsumer, type ExpiryGraph } from './expiry-consumer.ts';

export interface ExpiryOptions {
  readonly graph: LeasedGraph<ExpiryGraph['index']>;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The one {@link ExpiryConsumer} among all gateways: here while this gateway has the lease `expiry`. */
export function expiryOf({ graph, leases, clock, logger }: ExpiryOptions): Singleton<ExpiryConsumer> {
  return new Singleton({
    name: 'expiry',
    leases,
    clock,
    logger,
    begin: async (lease, signal) => {
      const own = fenced(graph, lease);
      // Who cannot follow the store must not keep the lease from those who can.
      if (own.store.isShared) await own.catchUp();
      const expiry = new ExpiryConsumer({ graph: own, clock, logger, signal });
      await expiry.start();
      return expiry;
    },
    end: (expiry) => expiry.close(),
  });
}
