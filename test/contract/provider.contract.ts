import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Emulator } from '../../emulators/kit.ts';
import type { World } from '../../emulators/world.ts';
import { AppError, UPSTREAM_CODES } from '../../src/domain/errors.ts';
import { LINK_KINDS, type LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import {
  CONSOLE_NATIVE_ID,
  type LinkDraft,
  type ProviderDefinition,
  type ProviderSession,
  type Syncer,
  type SyncPage,
} from '../../src/ports/provider.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { type MemoryLogger, memoryLogger } from '../support/memory-logger.ts';
import { idsOf, linkKeyOf, nodeKeyOf, type ProviderRun, pairsOf, readAll } from '../support/provider-run.ts';

/** A provider with an emulator of its own, and what a whole reading of that emulator's world must say. */
export interface ProviderContractSetup {
  readonly provider: ProviderDefinition;
  start(): Promise<{
    readonly emulator: Emulator;
    /** Input of the settings schema, with valid credentials. */
    readonly settings: Readonly<Record<string, unknown>>;
    /** Secrets that answers of the emulator contain and no page may hold. */
    readonly planted?: readonly string[];
  }>;
  readonly expected: {
    /** Native ids of every kind, complete. Kinds left out must not appear. */
    nodes(world: World): Partial<Record<NodeKind, Iterable<string>>>;
    /** `from → to` native ids (or how many) of kinds of link; those left out are not compared. */
    links?(world: World): Partial<Record<LinkKind, readonly string[] | number>>;
    /** Ends that no listing of this provider yields, and why that is right is said in the set-up. */
    pendingEnd?(end: { kind: NodeKind; nativeId: string }, link: LinkDraft): boolean;
  };
  readonly faults: {
    /** Part of `METHOD /path` that every request of the mandatory listing has, and the token request has not. */
    readonly listing: string;
    /** A listing of more than one page whose next page is named by a token, if there is one. */
    readonly paged?: { readonly syncer: string; readonly match: string };
    /** False where a listing answers from something other than pages (an export file). */
    readonly emptyCompletes?: boolean;
    /** True where the provider reads the listing another way when this one is forbidden. */
    readonly hasDetour?: boolean;
  };
}

const RESUMES = 4;
const ignore = (_name: string, _test: () => Promise<void>): void => {};

/** The law of providers: `test/contract/providers.test.ts` holds every one to it. */
export function providerContract(name: string, setup: ProviderContractSetup): void {
  const { provider } = setup;

  describe(`provider contract: ${name}`, () => {
    let emulator: Emulator;
    let settings: Readonly<Record<string, unknown>>;
    let secrets: string[];
    let logger: MemoryLogger;
    let first: ProviderRun;
    let session: ProviderSession;
    const open: ProviderSession[] = [];

    const connect = async (
      given: Readonly<Record<string, unknown>> = settings,
      signal: AbortSignal = new AbortController().signal,
    ): Promise<ProviderSession> => {
      const context = { connector: provider.name, clock: fakeClock(Date.now()), logger, signal, allowLoopback: true };
      const connected = await provider.connect(provider.settingsSchema.parse(given), context);
      open.push(connected);
      return connected;
    };
    const drain = async (from: ProviderSession, syncer: Syncer, cursor: SyncPage['cursor'] = null) => {
      const pages: SyncPage[] = [];
      const own = from.syncers.find((one) => one.name === syncer.name) ?? syncer;
      for await (const page of own.list(first.context(own, cursor, new AbortController().signal))) {
        pages.push(page);
        if (pages.length > 100_000) throw new Error('the listing does not end');
      }
      return pages;
    };
    const mandatory = (): Syncer => session.syncers.find((syncer) => syncer.mandatory === true) ?? session.syncers[0]!;

    beforeAll(async () => {
      const started = await setup.start();
      emulator = started.emulator;
      settings = started.settings;
      logger = memoryLogger();
      secrets = [
        ...provider.secretFields.map((field) => settings[field]).filter((value) => typeof value === 'string'),
        ...(started.planted ?? []),
      ].filter((secret) => secret.length >= 8);
      session = await connect();
      first = await readAll(session, new AbortController().signal);
    });
    afterEach(() => emulator.faults.clear());
    afterAll(async () => {
      await Promise.all(open.map((one) => one.close()));
      await emulator?.close();
    });

    it('reads every node of every kind, and nothing else', () => {
      const expected = setup.expected.nodes(emulator.world);
      const kinds = new Set([...first.nodes.values()].map((node) => node.kind));
      for (const kind of kinds) expect(Object.keys(expected), `nodes of kind ${kind}`).toContain(kind);
      for (const [kind, ids] of Object.entries(expected)) {
        expect(idsOf(first, kind as NodeKind), kind).toEqual([...new Set(ids)].sort());
      }
    });

    it('reads every link that the world holds', () => {
      for (const [kind, wanted] of Object.entries(setup.expected.links?.(emulator.world) ?? {})) {
        const found = pairsOf(first, kind as LinkKind);
        if (typeof wanted === 'number') expect(found.length, kind).toBe(wanted);
        else expect(found, kind).toEqual([...wanted].sort());
      }
    });

    it('says the same in a second run', async () => {
      const second = await readAll(await connect(), new AbortController().signal);
      expect(new Set(second.nodes.keys())).toEqual(new Set(first.nodes.keys()));
      expect(new Set(second.links.keys())).toEqual(new Set(first.links.keys()));
      const text = (value: unknown): string => JSON.stringify(value) ?? '';
      const changed = [
        ...[...first.nodes].filter(([key, node]) => text(second.nodes.get(key)) !== text(node)),
        ...[...first.links].filter(([key, link]) => text(second.links.get(key)) !== text(link)),
      ].map(([key]) => key);
      expect(changed).toEqual([]);
    });

    it('declares what its syncers yield, and yields what links may join', () => {
      const given = new Set(provider.provides.nodes.map((one) => one.kind));
      const joined = new Set(provider.provides.links.map((one) => one.kind));
      const names = session.syncers.map((syncer) => syncer.name);
      expect(new Set(names).size).toBe(names.length);
      for (const syncer of session.syncers) {
        expect(syncer.name).toMatch(/^[a-z]+(-[a-z]+)*$/);
        expect(provider.requires[syncer.name], syncer.name).toEqual(syncer.requires);
        for (const before of syncer.after ?? []) {
          expect(names.indexOf(before), `${syncer.name} after ${before}`).toBeGreaterThanOrEqual(0);
          expect(names.indexOf(before)).toBeLessThan(names.indexOf(syncer.name));
        }
        const pages = first.pages.get(syncer.name) ?? [];
        const nodes = new Set(pages.flatMap((page) => page.nodes.map((node) => node.kind)));
        const links = new Set(pages.flatMap((page) => page.links.map((link) => link.kind)));
        for (const kind of nodes) expect(syncer.nodes, `${syncer.name} yields ${kind}`).toContain(kind);
        for (const kind of links) expect(syncer.links, `${syncer.name} yields ${kind}`).toContain(kind);
        for (const kind of syncer.nodes) expect(given, `${syncer.name} declares ${kind}`).toContain(kind);
        for (const kind of syncer.links) expect(joined, `${syncer.name} declares ${kind}`).toContain(kind);
      }
      const joins = new Set([...first.links.values()].map(({ from, kind, to }) => `${from.kind} ${kind} ${to.kind}`));
      for (const join of joins) expect(registered(), 'the register of link kinds').toContain(join);
    });

    it('names every node, in plain JSON, and has both ends of every link', () => {
      for (const node of first.nodes.values()) {
        expect(node.nativeId).not.toBe('');
        expect(node.name.trim(), nodeKeyOf(node)).not.toBe('');
        const { properties } = node;
        expect(JSON.parse(JSON.stringify(properties))).toEqual(withoutUndefined(properties));
      }
      for (const link of first.links.values()) {
        for (const end of [link.from, link.to]) {
          if (first.nodes.has(nodeKeyOf(end))) continue;
          if (end.kind === 'Application' && end.nativeId === CONSOLE_NATIVE_ID) continue;
          if (setup.expected.pendingEnd?.(end, link) === true) continue;
          expect.fail(`${linkKeyOf(link)}: no listing yields ${nodeKeyOf(end)}`);
        }
      }
    });

    it('ends every listing with the only page without a cursor, and never repeats a cursor', () => {
      for (const [syncer, pages] of first.pages) {
        const cursors = pages.map((page) => page.cursor);
        expect(cursors.at(-1), syncer).toBeNull();
        const texts = cursors.map((cursor) => JSON.stringify(cursor));
        expect(new Set(texts).size, syncer).toBe(texts.length);
      }
    });

    it('goes on from the cursor of any page with the same rest', async () => {
      for (const syncer of session.syncers) {
        const pages = first.pages.get(syncer.name) ?? [];
        const step = Math.max(1, Math.floor((pages.length - 1) / RESUMES));
        for (let i = 0; i < pages.length - 1; i += step) {
          const rest = await drain(session, syncer, pages[i]?.cursor ?? null);
          const wanted = contents(pages.slice(i + 1));
          expect(contents(rest), `${syncer.name} after page ${i}`).toEqual(wanted);
        }
      }
    });

    it('sends nothing but reads', () => {
      expect(emulator.requests().total).toBeGreaterThan(0);
      expect(emulator.requests().writes).toBe(0);
      expect(session.stats().requests).toBeGreaterThan(0);
    });

    it('keeps secrets out of pages and logs', () => {
      const said = [JSON.stringify([...first.pages.values()]), logger.text(), JSON.stringify(session.tenant)];
      for (const secret of secrets) for (const text of said) expect(text.includes(secret)).toBe(false);
    });

    it('stops within a page when it is aborted', async () => {
      for (const syncer of session.syncers) {
        if ((first.pages.get(syncer.name)?.length ?? 0) < 2) continue;
        const aborter = new AbortController();
        const listing = syncer.list(first.context(syncer, null, aborter.signal));
        await listing.next();
        aborter.abort();
        const before = emulator.requests().total;
        await expect(listing.next(), syncer.name).rejects.toMatchObject({ code: UPSTREAM_CODES.ABORTED });
        expect(emulator.requests().total - before, syncer.name).toBeLessThanOrEqual(1);
      }
    });

    it('lets go of a slow answer when it is aborted', async () => {
      emulator.faults.add({ match: setup.faults.listing, kind: 'slow', ms: 60_000 });
      const aborter = new AbortController();
      const syncer = mandatory();
      const listing = syncer.list(first.context(syncer, null, aborter.signal));
      const before = emulator.requests().total;
      const next = listing.next();
      const failed = expect(next).rejects.toMatchObject({ code: UPSTREAM_CODES.ABORTED });
      while (emulator.requests().total === before) await new Promise((resolve) => setImmediate(resolve));
      aborter.abort();
      await failed;
    });

    const failures: [string, Parameters<Emulator['faults']['add']>[0], readonly string[]][] = [
      ['401', { match: setup.faults.listing, kind: 'status', status: 401 }, [UPSTREAM_CODES.UNAUTHORIZED]],
      [
        '403',
        { match: setup.faults.listing, kind: 'status', status: 403 },
        [UPSTREAM_CODES.FORBIDDEN, UPSTREAM_CODES.NOT_AVAILABLE],
      ],
      ['429 for ever', { match: setup.faults.listing, kind: 'status', status: 429 }, [UPSTREAM_CODES.RATE_LIMITED]],
      ['500 for ever', { match: setup.faults.listing, kind: 'status', status: 500 }, [UPSTREAM_CODES.UNAVAILABLE]],
      [
        'half a body',
        { match: setup.faults.listing, kind: 'cut' },
        [UPSTREAM_CODES.INVALID, UPSTREAM_CODES.UNAVAILABLE],
      ],
      ['a web page', { match: setup.faults.listing, kind: 'html' }, [UPSTREAM_CODES.INVALID]],
    ];
    it.each(failures)('reads %s as a failure, never as "no data"', async (_name, rule, codes) => {
      // A line of its own: its clock jumps over every wait.
      const line = await connect();
      emulator.faults.add(rule);
      const error = await drain(line, mandatory()).then(
        (pages) => contents(pages),
        (reason: unknown) => reason,
      );
      if (rule.status === 403 && setup.faults.hasDetour === true) {
        expect(error).toEqual(contents(first.pages.get(mandatory().name) ?? []));
        return;
      }
      expect(error).toBeInstanceOf(AppError);
      if (!(error instanceof AppError)) return;
      expect(codes).toContain(error.code);
      expect(error.message).not.toBe('');
      expectNoSecrets(error, secrets);
      emulator.faults.clear();
      // The line is not broken for good.
      expect(contents(await drain(line, mandatory()))).toEqual(contents(first.pages.get(mandatory().name) ?? []));
    });

    it('gets over a failure that heals', async () => {
      const line = await connect();
      emulator.faults.add({ match: setup.faults.listing, kind: 'status', status: 503, times: 2 });
      emulator.faults.add({
        match: setup.faults.listing,
        kind: 'status',
        status: 429,
        times: 1,
        headers: { 'retry-after': '1' },
      });
      emulator.faults.add({ match: setup.faults.listing, kind: 'cut', times: 1 });
      const pages = await drain(line, mandatory());
      expect(contents(pages)).toEqual(contents(first.pages.get(mandatory().name) ?? []));
    });

    it('renews a token that the provider has dropped', async () => {
      const line = await connect();
      emulator.faults.add({ match: setup.faults.listing, kind: 'status', status: 401, times: 1, after: 1 });
      const code = await drain(line, mandatory()).then(
        (pages) => contents(pages),
        (error: unknown) => (error instanceof AppError ? error.code : error),
      );
      // A static key cannot be renewed.
      const whole = contents(first.pages.get(mandatory().name) ?? []);
      if (typeof code === 'string') expect(code).toBe(UPSTREAM_CODES.UNAUTHORIZED);
      else expect(code).toEqual(whole);
    });

    // Not collected rather than skipped where it does not apply.
    const { paged } = setup.faults;
    const itPages = paged === undefined ? ignore : it;
    itPages('refuses a page token that repeats', async () => {
      const syncer = session.syncers.find((one) => one.name === paged?.syncer);
      expect(syncer).toBeDefined();
      if (syncer === undefined) return;
      const line = await connect();
      emulator.faults.add({ match: paged?.match ?? '', kind: 'repeat-token' });
      await expect(drain(line, syncer)).rejects.toMatchObject({ code: UPSTREAM_CODES.INVALID });
    });

    const itEmpties = setup.faults.emptyCompletes === false ? ignore : it;
    itEmpties('passes an empty listing on as it is', async () => {
      emulator.faults.add({ match: setup.faults.listing, kind: 'empty' });
      const pages = await drain(session, mandatory());
      expect(pages.flatMap((page) => page.nodes)).toEqual([]);
      expect(pages.at(-1)?.cursor).toBeNull();
    });

    it('refuses wrong credentials when it connects, without repeating them', async () => {
      const wrong = Object.fromEntries(
        Object.entries(settings).map(([key, value]) => [
          key,
          provider.secretFields.includes(key) && typeof value === 'string' && !value.includes('PRIVATE KEY')
            ? `${'x'.repeat(4)}${value.slice(4)}`
            : value,
        ]),
      );
      if (JSON.stringify(wrong) === JSON.stringify(settings)) return;
      const error = await connect(wrong).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(AppError);
      if (!(error instanceof AppError)) return;
      expect([UPSTREAM_CODES.UNAUTHORIZED, UPSTREAM_CODES.MISCONFIGURED]).toContain(error.code);
      expectNoSecrets(
        error,
        [...secrets, ...Object.values(wrong).filter((value) => typeof value === 'string')].filter(
          (secret) => secrets.includes(secret) || secret.startsWith('xxxx'),
        ),
      );
    });

    it('knows its tenant, the same each time', async () => {
      const { tenant } = session;
      expect(tenant.nativeId).not.toBe('');
      expect(tenant.name).not.toBe('');
      expect(tenant.console.name).not.toBe('');
      for (const domain of tenant.domains) expect(domain).toBe(domain.toLowerCase());
      expect((await connect()).tenant).toEqual(tenant);
    });

    it('explains every setting and knows which are secret', () => {
      const schema = z.toJSONSchema(provider.settingsSchema, { io: 'input' });
      const properties = z
        .record(z.string(), z.looseObject({ description: z.string().min(10) }))
        .parse(schema.properties);
      for (const field of provider.secretFields) expect(Object.keys(properties)).toContain(field);
    });

    it('reads single nodes live as it lists them', async () => {
      for (const kind of session.liveKinds ?? []) {
        const listed = [...first.nodes.values()].filter((node) => node.kind === kind);
        const sample = [listed[0], listed[listed.length >> 1], listed.at(-1)].filter((node) => node !== undefined);
        for (const node of sample) {
          const live = await session.live?.({ kind, nativeId: node.nativeId }, new AbortController().signal);
          // "Gone" for something that is listed would remove it.
          expect(live, nodeKeyOf(node)).not.toBeNull();
          expect(live?.nodes.find((one) => one.kind === kind && one.nativeId === node.nativeId)).toEqual(node);
        }
        const gone = await session.live?.({ kind, nativeId: 'no-such-id' }, new AbortController().signal);
        expect(gone, kind).toBeNull();
      }
    });
  });
}

/** What pages say, without regard to how it was cut into pages. */
function contents(pages: readonly SyncPage[]) {
  return {
    nodes: new Map(pages.flatMap((page) => page.nodes.map((node) => [nodeKeyOf(node), node]))),
    links: new Map(pages.flatMap((page) => page.links.map((link) => [linkKeyOf(link), link]))),
  };
}

/** Every `From KIND To` that the register allows. */
function registered(): string[] {
  return Object.entries(LINK_KINDS).flatMap(([kind, spec]) =>
    spec.from.flatMap((from) => spec.to.map((to) => `${from} ${kind} ${to}`)),
  );
}

function expectNoSecrets(error: unknown, secrets: readonly string[]): void {
  const said: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    said.push(at.message, at.stack ?? '', JSON.stringify(at));
  }
  for (const secret of secrets) for (const text of said) expect(text.includes(secret)).toBe(false);
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [key, withoutUndefined(member)]),
  );
}
