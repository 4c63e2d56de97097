import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // Vite would load graphql's index.mjs for our sources while Node loads index.js for packages:
    // two copies, and every instanceof check in graphql fails. One alias makes it one copy.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // The suite against the vendors' official documents runs where their folder is named.
    exclude: process.env.CROSSWALK_OPENAPI_DIR ? [] : ['test/openapi/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // The default leaves one of two cores idle.
    maxWorkers: 2,
    // The report is what CI's last line is made from.
    reporters: ['default', ['json', { outputFile: 'reports/vitest.json' }]],
  },
});
