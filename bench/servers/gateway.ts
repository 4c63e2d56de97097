import { openCompanyGateway } from '../support/company.ts';

// The gateway on a filled store, without connectors: prints where it listens, ends on SIGTERM.
const gateway = await openCompanyGateway(process.argv[2]!);
console.log(JSON.stringify({ url: gateway.url }));
process.on('SIGTERM', async () => {
  await gateway.close();
  process.exit(0);
});
