import { once } from 'node:events';
import { createServer, type Socket, connect as toServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Bolt's COMMIT message in a chunk of its own. */
const COMMIT = Buffer.from([0x00, 0x02, 0xb0, 0x12, 0x00, 0x00]);

/** A network between a gateway and Neo4j, with what networks do. */
export interface BoltRelay extends AsyncDisposable {
  /** `bolt://127.0.0.1:<port>` */
  readonly uri: string;
  /** On the way there, and again on the way back. */
  delayMs: number;
  /** Takes connections and bytes and passes nothing on, nor that one end has hung up. What it kept goes on its way later. */
  isStalled: boolean;
  /** Refuses: connections break as soon as they are made. */
  isDown: boolean;
  /** The next commit: `before` it arrives, or when it has happened and `after` that, before the answer arrives. */
  cutAtCommit: 'before' | 'after' | null;
  /** Connections that were cut so far, and those of them at a commit. */
  readonly cuts: { total: number; before: number; after: number };
  /** Open now. */
  readonly count: number;
  /** Made so far. */
  readonly made: number;
  /** Breaks all connections without a goodbye. */
  cut(): void;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  isWaitingForCommit: boolean;
}

export async function startBoltRelay(target: string): Promise<BoltRelay> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<Pair>();
  let made = 0;
  const cutOne = ({ client, server }: Pair): void => {
    relay.cuts.total++;
    client.resetAndDestroy();
    server.resetAndDestroy();
  };
  const listener = createServer((client) => {
    if (relay.isDown) {
      client.resetAndDestroy();
      return;
    }
    made++;
    const server = toServer(Number(port), hostname);
    const pair: Pair = { client, server, isWaitingForCommit: false };
    pairs.add(pair);
    const end = async (): Promise<void> => {
      while (relay.isStalled) await sleep(20);
      client.destroy();
      server.destroy();
      pairs.delete(pair);
    };
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', end).on('close', end);
    passOn(client, server, relay, (bytes) => {
      if (relay.cutAtCommit === null || !bytes.includes(COMMIT)) return true;
      if (relay.cutAtCommit === 'after') pair.isWaitingForCommit = true;
      else {
        relay.cuts.before++;
        cutOne(pair);
      }
      relay.cutAtCommit = null;
      return pair.isWaitingForCommit;
    });
    passOn(server, client, relay, () => {
      if (!pair.isWaitingForCommit) return true;
      relay.cuts.after++;
      cutOne(pair);
      return false;
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('a relay without a port');
  const relay: BoltRelay = {
    uri: `bolt://127.0.0.1:${address.port}`,
    delayMs: 0,
    isStalled: false,
    isDown: false,
    cutAtCommit: null,
    cuts: { total: 0, before: 0, after: 0 },
    get count() {
      return pairs.size;
    },
    get made() {
      return made;
    },
    cut() {
      for (const pair of [...pairs]) cutOne(pair);
    },
    async [Symbol.asyncDispose]() {
      relay.isStalled = false;
      relay.cut();
      listener.close();
      await once(listener, 'close');
    },
  };
  return relay;
}

/** Bytes keep their order; each waits its time. */
function passOn(
  from: Socket,
  to: Socket,
  relay: Pick<BoltRelay, 'delayMs' | 'isStalled'>,
  mayPass: (bytes: Buffer) => boolean,
): void {
  let last = Promise.resolve();
  from.on('data', (bytes: Buffer) => {
    if (!mayPass(bytes)) return;
    const due = Date.now() + relay.delayMs;
    last = last.then(async () => {
      while (relay.isStalled && !to.destroyed) await sleep(20);
      const left = due - Date.now();
      if (left > 0) await sleep(left);
      if (!to.destroyed) to.write(bytes);
    });
  });
}
