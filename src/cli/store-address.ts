import { loadStoreConfig, parseStore, type StoreConfig } from '../config/load.ts';
import { AppError } from '../domain/errors.ts';

/** A store as it is named on the command line. */
export interface StoreAddress {
  /** A configuration file, `sqlite:<path>`, or the address of a Neo4j. */
  readonly address: string;
  /** Of a Neo4j that is named by its address. */
  readonly user?: string | undefined;
  readonly database?: string | undefined;
  /** The environment variable that holds its password. */
  readonly passwordName: string;
}

/**
 * What the words mean.
 * @throws AppError `CONFIG_*`, `BAD_USER_INPUT`; no message repeats an address, because people put passwords into them
 */
export async function resolveStore(
  { address, user, database, passwordName }: StoreAddress,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly config: StoreConfig; readonly folder: string }> {
  const folder = process.cwd();
  const isServer = /^(bolt|neo4j)(\+s|\+ssc)?:\/\//.test(address);
  if (!isServer && (user !== undefined || database !== undefined)) {
    throw usage('User and database are for a Neo4j that is named by its address; otherwise they stand in the file.');
  }
  if (isServer) {
    const password = env[passwordName];
    if (password === undefined || password === '') {
      throw usage(`The password of this Neo4j is taken from the environment: set ${passwordName}.`);
    }
    const store = { type: 'neo4j', uri: address, username: user, password, database };
    return { config: { store: parseStore(store, 'The address of this Neo4j'), connectors: [] }, folder };
  }
  if (address.startsWith('sqlite:')) {
    const store = { type: 'sqlite', path: address.slice('sqlite:'.length) };
    return { config: { store: parseStore(store, 'The address of this SQLite file'), connectors: [] }, folder };
  }
  if (/\.(sqlite3?|db)$/i.test(address)) {
    throw usage(`Write sqlite:${address} for a SQLite file; a name alone is that of a configuration file.`);
  }
  return loadStoreConfig(address, env);
}

function usage(message: string): AppError {
  return new AppError('BAD_USER_INPUT', message, { audience: 'user' });
}
