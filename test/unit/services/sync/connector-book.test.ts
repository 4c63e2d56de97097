import { expect, test } from 'vitest';
import type { GraphStore } from '../../../../src/ports/graph-store.ts';
import { silentLogger } from '../../../../src/ports/logger.ts';
import { ConnectorBook } from '../../../../src/services/sync/connector-book.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';

/** A book over a store whose list of records can be held back on its way. */
async function aBook() {
  const inner = createMemoryStore();
  await inner.open();
  let held: Promise<void> | null = null;
  const store: GraphStore = Object.assign(Object.create(inner), {
    async listRecords(...args: Parameters<GraphStore['listRecords']>) {
      const records = await inner.listRecords(...args);
      await held;
      return records;
    },
  });
  const book = new ConnectorBook({ store, clock: manualClock(), logger: silentLogger });
  await book.load([{ id: 'acme', provider: 'acme', settings: {} }]);
  await book.update('acme', { state: 'CONNECTED' });
  return {
    book,
    inner,
    hold(): () => void {
      let letGo = (): void => {};
      held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      return () => {
        held = null;
        letGo();
      };
    },
  };
}

test('what is written while the records of others are read is not undone by what was read', async () => {
  const { book, inner, hold } = await aBook();
  const letGo = hold();
  const reading = book.refresh(() => false);
  await book.update('acme', { state: 'SYNCING', activeRunId: 'acme/1' });
  letGo();
  await reading;
  expect(book.get('acme')).toMatchObject({ state: 'SYNCING', activeRunId: 'acme/1' });
  await book.update('acme', { missingScopes: ['users.read'] });
  expect(await inner.getRecord('connector', 'acme')).toMatchObject({ activeRunId: 'acme/1' });
});

test('what another gateway has written afterwards is taken over', async () => {
  const { book, inner } = await aBook();
  await book.update('acme', { activeRunId: 'acme/1' });
  await inner.putRecord('connector', 'acme', { ...(await inner.getRecord('connector', 'acme')), activeRunId: null });
  await book.refresh(() => false);
  expect(book.get('acme')?.activeRunId).toBeNull();
});

test('a record that has gone is taken over as well, one that was never written is not', async () => {
  const { book, inner } = await aBook();
  const states: string[] = [];
  book.listen((event) => {
    if (event.type === 'state') states.push(event.status.state);
  });
  await inner.putRecord('connector', 'acme', null);
  await book.refresh(() => true);
  expect(book.get('acme')?.state).toBe('CONNECTED');
  await book.refresh(() => false);
  await book.refresh(() => false);
  expect(book.get('acme')).toMatchObject({ state: 'NOT_CONNECTED', lastRunId: null });
  expect(states).toEqual(['NOT_CONNECTED']);
});

test('a record that another version has written is no record that has gone', async () => {
  const { book, inner } = await aBook();
  await inner.putRecord('connector', 'acme', { of: 'another version' });
  await book.refresh(() => false);
  expect(book.get('acme')?.state).toBe('CONNECTED');
});
