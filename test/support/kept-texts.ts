import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import neo4j from 'neo4j-driver';
import { serverOf, storeSection } from './store-under-test.ts';

interface KeptText {
  readonly where: string;
  readonly text: string;
}

/** Everything that a gateway over this folder has kept: each of its files, and all values in a database outside. */
export async function keptTexts(folder: string): Promise<KeptText[]> {
  const { type } = await storeSection(folder);
  return [...(await filesOf(folder)), ...(type === 'neo4j' ? await entriesOf(folder) : [])];
}

async function filesOf(folder: string): Promise<KeptText[]> {
  return Promise.all(
    (await readdir(folder)).map(async (name) => ({
      where: name,
      text: (await readFile(join(folder, name))).toString('latin1'),
    })),
  );
}

async function entriesOf(folder: string): Promise<KeptText[]> {
  const { uri, username, password, database } = await serverOf(folder);
  const driver = neo4j.driver(uri, neo4j.auth.basic(username, password), { telemetryDisabled: true });
  try {
    const texts: KeptText[] = [];
    for (const pattern of ['(n)', '()-[n]->()']) {
      const cypher = `MATCH ${pattern} UNWIND keys(n) AS name RETURN n[name] AS value`;
      const { records } = await driver.executeQuery(cypher, {}, { database });
      texts.push({ where: pattern, text: records.map((record) => textOf(record.get('value'))).join('\n') });
    }
    return texts;
  } finally {
    await driver.close();
  }
}

/** Bytes as a file would hold them, so that a search finds the same in both. */
function textOf(value: unknown): string {
  return ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
    : String(value);
}
