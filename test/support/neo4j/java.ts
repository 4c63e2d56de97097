import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = packageRoot();
/** Not beside this file once it is compiled. */
const here = join(root, 'test/support/neo4j');
const CACHE = join(root, 'node_modules/.cache/crosswalk-neo4j');
/** Where Debian, Fedora and macOS keep their Javas. */
const JVM_FOLDERS = ['/usr/lib/jvm', '/Library/Java/JavaVirtualMachines'];

/** The release that tests run on; another one by `CROSSWALK_NEO4J_VERSION`. */
export const NEO4J_VERSION = process.env['CROSSWALK_NEO4J_VERSION'] ?? '5.26.8';

/** What starts the servers: a Java that fits the release, and the release's class path. */
export interface JavaCommand {
  readonly java: string;
  readonly arguments: readonly string[];
}

/** What a process may use; the default is enough for the company of size S. */
export interface JavaMemory {
  /** Default 1,536. */
  readonly heapMiB?: number;
  /** Of each server; default 128. */
  readonly pageCacheMiB?: number;
  /** Compile soon and lightly: the first minute takes half the time, the rest is slower. Default false. */
  readonly isHasty?: boolean;
}

/**
 * Finds a Java and lets Maven fetch Neo4j's artifacts, once.
 * @throws Error that says in one line what is missing
 */
export async function javaCommand({
  heapMiB = 1_536,
  pageCacheMiB = 128,
  isHasty = false,
}: JavaMemory = {}): Promise<JavaCommand> {
  const isCalendar = !NEO4J_VERSION.startsWith('5.');
  const java = await findJava(isCalendar ? [21, 99] : [17, 21]);
  return {
    java,
    arguments: [
      `-Xmx${heapMiB}m`,
      `-DpageCacheMiB=${pageCacheMiB}`,
      '-XX:+UseSerialGC',
      // Without the second compiler the space for compiled code shrinks to what Neo4j fills in minutes.
      ...(isHasty ? ['-XX:TieredStopAtLevel=1', '-XX:ReservedCodeCacheSize=256m'] : []),
      ...(isCalendar ? ['--enable-native-access=ALL-UNNAMED'] : []),
      '-cp',
      await classPath(),
      join(here, 'Server.java'),
    ],
  };
}

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** The oldest Java between these versions. */
async function findJava([least, most]: readonly [number, number]): Promise<string> {
  const homes = [process.env['JAVA_HOME'] ?? ''];
  for (const folder of JVM_FOLDERS) {
    for (const name of await readdir(folder).catch(() => [])) {
      homes.push(join(folder, name), join(folder, name, 'Contents/Home'));
    }
  }
  const javas = [...homes.filter((home) => home !== '').map((home) => join(home, 'bin/java')), 'java'];
  const found: { java: string; version: number }[] = [];
  for (const java of javas) {
    if (java !== 'java' && !existsSync(java)) continue;
    const version = await versionOf(java);
    if (version >= least && version <= most) found.push({ java, version });
  }
  const best = found.sort((a, b) => a.version - b.version)[0];
  if (best === undefined)
    throw new Error(
      `Neo4j ${NEO4J_VERSION} needs a JDK, ${most < 99 ? `${least} to ${most}` : `${least} or newer`}; install one or set JAVA_HOME.`,
    );
  return best.java;
}

/** Version of a Java that can compile, too: the launcher is started from its source. */
async function versionOf(java: string): Promise<number> {
  try {
    const { stdout } = await run(`${java}c`, ['-version']);
    return Number(/javac (\d+)/.exec(stdout)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function classPath(): Promise<string> {
  const file = join(CACHE, `${NEO4J_VERSION}.classpath`);
  const cached = await readFile(file, 'utf8').catch(() => '');
  if (cached !== '' && cached.trim().split(':').every(existsSync)) return cached.trim();
  await mkdir(CACHE, { recursive: true });
  const fresh = `${file}.${process.pid}`;
  try {
    await run('mvn', [
      '-q',
      '-B',
      '-f',
      join(here, 'pom.xml'),
      `-Dneo4j.version=${NEO4J_VERSION}`,
      'dependency:build-classpath',
      // Maven writes colour codes to standard output: a file is clean.
      `-Dmdep.outputFile=${fresh}`,
    ]);
  } catch (cause) {
    throw new Error(`Maven could not fetch Neo4j ${NEO4J_VERSION}: is "mvn" installed and a repository reachable?`, {
      cause,
    });
  }
  await rename(fresh, file);
  return (await readFile(file, 'utf8')).trim();
}
