import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, type DocumentNode, execute, parse, validate } from 'graphql';
import { z } from 'zod';
import { printApiSchema } from '../../src/server/schema.ts';

// Plain graphql-js behind node:http: our schema's types, default resolvers, the answer as objects in memory. A document
// is parsed and validated once.
const data = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as unknown;
const schema = buildSchema(printApiSchema());
const documents = new Map<string, DocumentNode>();
const body = z.object({ query: z.string() });

function documentOf(query: string): DocumentNode {
  const known = documents.get(query);
  if (known !== undefined) return known;
  const document = parse(query);
  const errors = validate(schema, document);
  if (errors.length > 0) throw errors[0];
  documents.set(query, document);
  return document;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const { query } = body.parse(JSON.parse(Buffer.concat(chunks).toString()));
    const result = await execute({ schema, document: documentOf(query), rootValue: data });
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify(result));
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
});
process.on('SIGTERM', () => process.exit(0));
