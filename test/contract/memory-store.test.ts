import { describe } from 'vitest';
import { memoryStores } from '../support/memory-store.ts';
import { storeContract } from './graph-store.contract.ts';

describe.each([
  ['The memory store of the tests', false],
  ['The memory store of the tests, shared,', true],
])('%s', (name, isShared) => {
  storeContract(name, {
    isShared,
    async create({ clock }) {
      const make = memoryStores({ clock, isShared });
      let newest = make();
      return {
        store: newest,
        async reopen() {
          await newest.close();
          newest = make();
          return newest;
        },
        cleanup: () => newest.close(),
      };
    },
  });
});
