import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Emulator, startEmulator } from '../../../emulators/kit.ts';
import { aSmallWorld } from '../../support/small-world.ts';

const style = {
  bucket: () => ({ name: 'all', capacity: 2, perSecond: 0.001 }),
  headers: (state: { remaining: number }) => ({ 'x-left': String(state.remaining) }),
  exceeded: () => ({ body: '{"error":"slow down"}', headers: { 'retry-after': '7' } }),
};

let emulator: Emulator;
beforeEach(async () => {
  const world = aSmallWorld();
  emulator = await startEmulator({
    name: 'sample',
    world,
    readOnlyPosts: ['/token'],
    limitStyle: style,
    errorBody: (status) => JSON.stringify({ code: status }),
    changes: {
      count: (body) => z.object({ by: z.number() }).parse(body).by + 1,
    },
    register(app, kit) {
      app.get('/rows', (request, reply) =>
        kit.list(reply, request, {
          body: () => JSON.stringify({ rows: [1, 2, 3], next: kit.nextToken(request, 'b') }),
          emptyBody: '{"rows":[]}',
        }),
      );
      app.get('/last', (request) => ({ next: kit.nextToken(request, null) }));
      app.get('/memo', () => ({ value: kit.cached('memo', () => Math.random()) }));
      app.post('/token', (request) => ({ got: request.body }));
      app.post('/rows', () => ({}));
    },
  });
});
afterEach(() => emulator.close());

const get = (path: string) => fetch(`${emulator.url}${path}`);
const json = (body: unknown, method = 'POST') => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

describe('emulator kit', () => {
  it('counts provider requests by route and tells writes from reads, without its own admin calls', async () => {
    await get('/rows');
    await get('/nowhere');
    await fetch(`${emulator.url}/token`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
    await fetch(`${emulator.url}/rows`, json({}));
    expect(await (await get('/_emulator/requests')).json()).toEqual({
      total: 4,
      byRoute: { 'GET /rows': 1, 'GET (unknown)': 1, 'POST /token': 1, 'POST /rows': 1 },
      writes: 1,
    });
    emulator.resetRequests();
    expect(emulator.requests()).toEqual({ total: 0, byRoute: {}, writes: 0 });
  });

  it('parses forms', async () => {
    const answer = await fetch(`${emulator.url}/token`, { method: 'POST', body: new URLSearchParams({ a: 'b c' }) });
    expect(await answer.json()).toEqual({ got: { a: 'b c' } });
  });

  it('answers an injected status in the shape of the provider, so often as asked and no more', async () => {
    emulator.faults.add({
      match: '/rows',
      kind: 'status',
      status: 503,
      after: 1,
      times: 1,
      headers: { 'retry-after': '3' },
    });
    expect((await get('/rows')).status).toBe(200);
    const failed = await get('/rows');
    expect([failed.status, failed.headers.get('retry-after'), await failed.json()]).toEqual([503, '3', { code: 503 }]);
    expect((await get('/rows')).status).toBe(200);
  });

  it('cuts a body in the middle', async () => {
    emulator.faults.add({ match: '/rows', kind: 'cut' });
    const answer = await get('/rows');
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get('content-length'))).toBe(27);
    await expect(answer.text()).rejects.toThrow();
  });

  it('empties a listing, repeats a token, serves HTML and waits', async () => {
    emulator.faults.add({ match: '/rows', kind: 'empty', times: 1 });
    expect(await (await get('/rows')).json()).toEqual({ rows: [] });
    emulator.faults.clear();
    emulator.faults.add({ match: 'GET /(rows|last)', kind: 'repeat-token' });
    expect(await (await get('/rows?page=a')).json()).toEqual({ rows: [1, 2, 3], next: 'b' });
    expect(await (await get('/rows?page=b')).json()).toEqual({ rows: [1, 2, 3], next: 'b' });
    expect(await (await get('/last')).json()).toEqual({ next: null });
    emulator.faults.clear();
    emulator.faults.add({ match: '/rows', kind: 'html', times: 1 });
    expect((await get('/rows')).headers.get('content-type')).toBe('text/html');
    emulator.faults.add({ match: '/rows', kind: 'slow', ms: 60 });
    const started = performance.now();
    await get('/rows');
    expect(performance.now() - started).toBeGreaterThan(50);
  });

  it('takes faults over HTTP', async () => {
    const rule = { match: '/rows', kind: 'status', status: 418 };
    expect(await (await fetch(`${emulator.url}/_emulator/faults`, json(rule, 'PUT'))).json()).toEqual([rule]);
    expect((await get('/rows')).status).toBe(418);
    expect((await fetch(`${emulator.url}/_emulator/faults`, json({ kind: 'odd' }, 'PUT'))).status).toBe(400);
    await fetch(`${emulator.url}/_emulator/faults`, { method: 'DELETE' });
    expect((await get('/rows')).status).toBe(200);
  });

  it('limits only when told to, with headers and a 429 in the words of the provider', async () => {
    for (let i = 0; i < 4; i++) expect((await get('/rows')).headers.get('x-left')).toBe('2');
    await fetch(`${emulator.url}/_emulator/rate-limits`, json({ on: true }, 'PUT'));
    expect((await get('/rows')).headers.get('x-left')).toBe('1');
    await get('/rows');
    const refused = await get('/rows');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7']);
    expect(await refused.json()).toEqual({ error: 'slow down' });
    emulator.setRateLimits(false);
    expect((await get('/rows')).status).toBe(200);
  });

  it('runs changes, says which there are, and forgets what it kept of the old world', async () => {
    const memo = async () => z.object({ value: z.number() }).parse(await (await get('/memo')).json()).value;
    const before = await memo();
    expect(await memo()).toBe(before);
    const answer = await fetch(`${emulator.url}/_emulator/change`, json({ op: 'count', by: 4 }));
    expect(await answer.json()).toEqual({ ok: true, result: 5 });
    expect(await memo()).not.toBe(before);
    const unknown = await fetch(`${emulator.url}/_emulator/change`, json({ op: 'nothing' }));
    expect([unknown.status, await unknown.text()]).toEqual([400, expect.stringContaining('count')]);
    expect(() => emulator.change('count', { by: 'x' })).toThrow();
  });

  it('closes at once although a slow answer is under way', async () => {
    emulator.faults.add({ match: '/rows', kind: 'slow', ms: 60_000 });
    const hanging = get('/rows').then(
      () => 'answered',
      () => 'broken',
    );
    while (emulator.requests().total === 0) await new Promise((resolve) => setImmediate(resolve));
    await emulator.close();
    expect(['answered', 'broken']).toContain(await hanging);
  });
});
