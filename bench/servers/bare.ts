import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// The floor: node:http reads the request and serialises the same answer.
const answer: unknown = JSON.parse(process.argv[2]!);
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify(answer));
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
});
process.on('SIGTERM', () => process.exit(0));
