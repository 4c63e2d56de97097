import { defineConfig } from 'vitest/config';

/** End to end, and about one store: about several gateways on a Neo4j, or about its own query language. */
const ABOUT_NEO4J = ['test/e2e/neo4j-*.test.ts', 'test/e2e/two-gateways.test.ts'];
/** Below the whole gateway, and needing a Neo4j. */
const BELOW_NEO4J = ['test/{contract,integration}/neo4j*.test.ts'];
/** Reading the whole company takes its time, most of all into a database that has just started. */
const OF_A_COMPANY = { testTimeout: 180_000, hookTimeout: 240_000 };

export default defineConfig({
  resolve: {
    // Vite would load graphql's index.mjs for our sources while Node loads index.js for packages:
    // two copies, and every instanceof check in graphql fails. One alias makes it one copy.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // The default leaves one of two cores idle. Servers that were given are emptied by each file in turn.
    maxWorkers: process.env.NEO4J_URI === undefined ? 2 : 1,
    // The report is what CI's last line is made from.
    reporters: ['default', ['json', { outputFile: 'reports/vitest.json' }]],
    // Everything under test/e2e runs on each store that a gateway can keep its graph in.
    projects: [
      {
        extends: true,
        test: {
          name: 'core',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/e2e/**',
            ...BELOW_NEO4J,
            // The suite against the vendors' official documents runs where their folder is named.
            ...(process.env.CROSSWALK_OPENAPI_DIR ? [] : ['test/openapi/**']),
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'sqlite',
          include: ['test/e2e/**/*.test.ts'],
          exclude: ABOUT_NEO4J,
          provide: { store: 'sqlite' },
        },
      },
      {
        extends: true,
        test: {
          name: 'neo4j',
          include: ['test/e2e/**/*.test.ts', ...BELOW_NEO4J],
          provide: { store: 'neo4j' },
          globalSetup: 'test/support/neo4j/global-setup.ts',
          ...OF_A_COMPANY,
        },
      },
    ],
  },
});
