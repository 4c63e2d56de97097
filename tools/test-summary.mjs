// Ends a CI run with one plain line from the test runner's own report, and fails on a file that ran no test: one that
// skipped all of them, in whichever project, and one that no project knows.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const empty = report.testResults.filter(
  (file) => !file.assertionResults.some((test) => test.status === 'passed' || test.status === 'failed'),
);
for (const file of empty) console.error(`ran no test: ${file.name}`);
const known = new Set(report.testResults.map(({ name }) => resolve(name)));
const strange = readdirSync('test', { recursive: true })
  .filter((path) => path.endsWith('.test.ts') && (process.env.CROSSWALK_OPENAPI_DIR || !path.startsWith('openapi')))
  .filter((path) => !known.has(resolve('test', path)));
for (const path of strange) console.error(`did not run: test/${path}`);
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = report;
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
);
const failed = numFailedTests + brokenFiles.length;
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`);
const mayNotSkip = process.env.CI === 'true' && numPendingTests + numTodoTests > 0;
if (mayNotSkip) console.error('CI skips nothing');
process.exitCode = failed > 0 || empty.length > 0 || strange.length > 0 || mayNotSkip || numPassedTests === 0 ? 1 : 0;
