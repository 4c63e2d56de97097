import type { TestProject } from 'vitest/node';
import { SHARED_JVM, whyNoNeo4j } from './server.ts';
import { shareJvm } from './share-jvm.ts';

const NO_TEST = /^(?!)/;

/**
 * For a project whose tests need Neo4j: one Java process for all its files, started by the first that asks. Without
 * Java or Maven its tests are skipped and one line says why; in CI, which skips nothing, they run and fail.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const missing = await whyNoNeo4j();
  if (missing !== null) {
    console.warn(`No Neo4j to test with: ${missing}`);
    if (process.env['CI'] !== 'true') project.config.testNamePattern = NO_TEST;
  }
  const shared = await shareJvm();
  process.env[SHARED_JVM] = shared.path;
  return () => shared.close();
}
