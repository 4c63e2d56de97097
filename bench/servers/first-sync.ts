import { createHash } from 'node:crypto';
import { wholeGraph } from '../../test/support/whole-graph.ts';
import { openCompanyGateway, type ServedCompany, syncAll } from '../support/company.ts';

/** What a first sync took, and a digest of what it brought: equal for equal graphs, whatever ids they gave. */
export interface FirstSync {
  readonly syncSeconds: number;
  readonly linkSeconds: number;
  /** Processor seconds of this process in both. */
  readonly cpuSeconds: number;
  readonly commits: number;
  readonly nodes: number;
  readonly links: number;
  readonly digest: string;
}

// Reads the whole company into an empty store once; arguments: the store, what `emulators/serve.ts` said.
const company = JSON.parse(process.argv[3]!) as ServedCompany;
const gateway = await openCompanyGateway(process.argv[2]!, company);
const cpu = process.cpuUsage();
const started = performance.now();
const runs = await syncAll(gateway, company);
const synced = performance.now();
await gateway.linker.flush();
const linked = performance.now();
const { user, system } = process.cpuUsage(cpu);
const { nodes, links } = await wholeGraph(gateway.graph);
const digest = createHash('sha256');
for (const line of [...nodes, ...links]) digest.update(line).update('\n');
const said: FirstSync = {
  syncSeconds: (synced - started) / 1e3,
  linkSeconds: (linked - synced) / 1e3,
  cpuSeconds: (user + system) / 1e6,
  commits: runs.reduce((sum, { metrics }) => sum + metrics.commits, 0),
  nodes: nodes.length,
  links: links.length,
  digest: digest.digest('hex'),
};
console.log(JSON.stringify(said));
await gateway.close();
process.exit(0);
