import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect as toServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A server with TLS in front of one without, with a certificate that nobody has signed but itself. */
export interface TlsRelay extends AsyncDisposable {
  readonly port: number;
  /** The certificate as a PEM file, for those who are to trust it. */
  readonly certificatePath: string;
}

/** @param keytool Java's key tool, which makes the certificate */
export async function startTlsRelay(target: string, keytool: string): Promise<TlsRelay> {
  const { hostname, port } = new URL(target);
  const folder = await mkdtemp(join(tmpdir(), 'crosswalk-tls-'));
  const keys = join(folder, 'server.p12');
  const certificatePath = join(folder, 'certificate.pem');
  // Key and folder live as long as the relay.
  const passphrase = 'for this test';
  const store = ['-alias', 'server', '-keystore', keys, '-storepass', passphrase];
  await run(keytool, [
    ...['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-storetype', 'PKCS12', '-validity', '2', ...store],
    ...['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1', '-ext', 'bc=ca:true'],
  ]);
  await run(keytool, ['-exportcert', '-rfc', '-file', certificatePath, ...store]);

  const open = new Set<TLSSocket>();
  const relay = createServer({ pfx: await readFile(keys), passphrase }, (client) => {
    const server = toServer(Number(port), hostname);
    open.add(client);
    client.on('error', () => server.destroy()).on('close', () => server.destroy() && open.delete(client));
    server.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(server).pipe(client);
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('a relay without a port');
  return {
    port: address.port,
    certificatePath,
    async [Symbol.asyncDispose]() {
      for (const client of open) client.destroy();
      relay.close();
      await once(relay, 'close');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
