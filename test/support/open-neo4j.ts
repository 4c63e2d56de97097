import { z } from 'zod';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import { asAppError } from '../../src/domain/errors.ts';

/** Opens and closes the store that its arguments name, and tells how that went: a process of its own can trust other certificates. */
const options = z.tuple([z.string(), z.string(), z.string()]).parse(process.argv.slice(2));
const [uri, username, password] = options;
const store = createNeo4jStore({ uri, username, password });
try {
  const { storeId } = await store.open();
  console.log(JSON.stringify({ storeId }));
} catch (error) {
  const { code, message } = asAppError(error);
  console.log(JSON.stringify({ code, message }));
} finally {
  await store.close();
}
