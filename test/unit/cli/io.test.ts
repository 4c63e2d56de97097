import { describe, expect, it } from 'vitest';
import { render } from '../../../src/cli/io.ts';

const rows = [
  { id: 'okta', state: 'CONNECTED', accounts: 12, message: null },
  { id: 'auth0', state: 'DEGRADED', accounts: 3, message: 'scope "read:roles", missing' },
];

describe('the output of a command', () => {
  it('is a table for people', () => {
    expect(render(rows, 'table').split('\n')).toEqual([
      'ID     STATE      ACCOUNTS  MESSAGE',
      'okta   CONNECTED  12',
      'auth0  DEGRADED   3         scope "read:roles", missing',
    ]);
  });

  it('is JSON, a line of JSON for each row, or CSV for programs', () => {
    expect(JSON.parse(render(rows, 'json'))).toEqual(rows);
    expect(
      render(rows, 'ndjson')
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(rows);
    expect(render(rows, 'csv').split('\n')[2]).toBe('auth0,DEGRADED,3,"scope ""read:roles"", missing"');
  });

  it('defuses formulas and control characters that a provider may send', () => {
    expect(render([{ name: '=1+1' }], 'csv')).toBe("name\n'=1+1");
    expect(render([{ name: '\u001b[2Jx' }], 'table')).not.toContain('\u001b');
  });

  it('says so when there is nothing', () => {
    expect(render([], 'table')).toBe('(none)');
  });
});
