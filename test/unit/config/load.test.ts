import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { durationSeconds } from '../../../src/config/schema.ts';
import type { AppError } from '../../../src/domain/errors.ts';

function problemsOf(text: string, env: NodeJS.ProcessEnv = {}): string {
  try {
    parseConfig(text, env, 'crosswalk.config.yaml');
  } catch (error) {
    expect((error as AppError).code).toBe('CONFIG_INVALID');
    return (error as AppError).message;
  }
  throw new Error('the configuration was accepted');
}

const connector =
  'connectors:\n  - id: okta\n    provider: okta\n    settings: { domain: acme.okta.com, token: "${TOKEN}" }\n';

describe('the configuration file', () => {
  it('has a default for everything', () => {
    const config = parseConfig('', {}, 'x');
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 4000 });
    expect(config.store).toEqual({ type: 'sqlite', path: '.crosswalk/graph.sqlite' });
    expect(config.connectors).toEqual([]);
  });

  it('takes secrets from the environment', () => {
    const config = parseConfig(connector, { TOKEN: 'from-outside' }, 'x');
    expect(config.connectors[0]!.settings).toEqual({ domain: 'acme.okta.com', token: 'from-outside' });
  });

  it('keeps an escaped variable as it is', () => {
    const config = parseConfig(
      connector.replace('${TOKEN}', () => '$${TOKEN}'),
      {},
      'x',
    );
    expect(config.connectors[0]!.settings['token']).toBe('${TOKEN}');
  });

  it('names a variable that the environment lacks', () => {
    expect(problemsOf(connector)).toContain('TOKEN');
  });

  it.each([
    ['linsten: { port: 1 }', 'did you mean "listen"?'],
    ['listen: { prot: 1 }', 'did you mean "port"?'],
    ['store: { type: sqlite, pth: x }', 'did you mean "path"?'],
    ['connectors:\n  - { id: a, provider: okta, settings: {}, shedule: {} }', 'did you mean "schedule"?'],
  ])('says the nearest name for the unknown key in %s', (text, expected) => {
    expect(problemsOf(text)).toContain(expected);
  });

  it('never repeats a value', () => {
    const secret = ['short', 'one'].join('-');
    expect(problemsOf(`apiKeys: [{ name: portal, key: "${secret}" }]`)).not.toContain(secret);
  });

  it.each([
    'listen: { port: 70000 }',
    'listen: 5',
    'connectors: [{ id: crosswalk, provider: okta, settings: {} }]',
    'connectors: [{ id: "A b", provider: okta, settings: {} }]',
    'connectors: [{ id: a, provider: okta, settings: {} }, { id: a, provider: okta, settings: {} }]',
    'changeLog: { keep: soon }',
    'linking: { ownedDomains: ["not a domain"] }',
    ': : :\n\t- [',
  ])('refuses %j', (text) => {
    expect(problemsOf(text)).toContain('crosswalk.config.yaml cannot be used');
  });

  it('is not blown up by nested aliases', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`)
      .join('\n')}`;
    expect(() => parseConfig(bomb, {}, 'x')).toThrow();
  });

  it('reads durations', () => {
    expect(['30s', '15m', '6h', '7d'].map(durationSeconds)).toEqual([30, 900, 21_600, 604_800]);
  });
});
