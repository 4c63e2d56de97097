import { memoryStores } from '../support/memory-store.ts';
import { storeContract } from './graph-store.contract.ts';

storeContract('The memory store of the tests', {
  async create({ clock }) {
    const make = memoryStores({ clock });
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
