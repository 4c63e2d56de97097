/** Arrows point one way: see docs/decisions/0001-layers.md. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^(schema|resolvers|src|datasources|emulators|bench|examples|test|tools)/', pathNot: allowed },
});
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('domain-is-pure', '^src/domain/', '^src/domain/', 'the domain imports nothing of ours'),
    only('ports-see-domain', '^src/ports/', '^src/(ports|domain)/', 'ports are interfaces over the domain'),
    only(
      'services-see-ports',
      '^src/services/',
      '^src/(services|ports|domain)/',
      'use cases are written against ports',
    ),
    only(
      'datasources-see-ports',
      '^datasources/',
      '^(datasources/|src/(ports|domain)/)',
      'adapters know ports and domain only',
    ),
    only(
      'resolvers-see-services',
      '^resolvers/',
      '^(resolvers|schema|src/(services|ports|domain)|src/server/context)',
      'resolvers call services',
    ),
    only('schema-is-types', '^schema/', '^(schema/|src/domain/)', 'schema classes know the domain only'),
    only('plugins', '^src/plugins/', '^src/(plugins|services|ports|domain)/|^src/server/context', 'one concern each'),
    only('config', '^src/config/', '^src/(config|ports|domain)/', 'configuration is data'),
    only(
      'emulators-stand-alone',
      '^emulators/(?!demo)',
      '^(emulators/|src/domain/)',
      'the outside world knows nothing of the product',
    ),
    only('examples-are-clients', '^examples/', '^examples/', 'examples use the API as anybody would'),
    {
      name: 'truth-is-for-tests',
      comment: 'the product never reads the emulators',
      severity: 'error',
      from: { path: '^(src|schema|resolvers|datasources)/' },
      to: { path: '^(emulators|test|bench|tools)/' },
    },
    {
      name: 'one-place-composes',
      severity: 'error',
      from: { path: '^src/(?!server/|cli/)' },
      to: { path: '^(datasources|resolvers)/' },
    },
    {
      name: 'sqlite-in-one-file',
      severity: 'error',
      from: { pathNot: '^datasources/stores/sqlite/driver\\.ts$' },
      to: { path: '@photostructure/sqlite' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // A package of its own, installed when its bench is wanted; and what is made from the sources.
    exclude: { path: '^(bench/neo4j-graphql|dist)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
