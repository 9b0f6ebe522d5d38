// The layers of runner/, from left to right. A folder imports only from folders to its left.
const LAYERS = [
  'base',
  'project',
  'manifest',
  'template',
  'parse',
  'graph',
  'select',
  'sql',
  'compile',
  'engine',
  'state',
  'materialize',
  'check',
  'plan',
  'run',
  'operate',
  'docs',
  'serve',
  'lsp',
  'cli',
]

const TEST = '\\.test\\.ts$|^runner/testing/'

const layerRules = LAYERS.map((layer, i) => ({
  name: `layer-${layer}`,
  severity: 'error',
  comment: `${layer}/ may import only from folders to its left`,
  from: { path: `^runner/${layer}/`, pathNot: TEST },
  to: { path: `^runner/(${[...LAYERS.slice(i + 1), 'testing'].join('|')})/` },
}))

/** A package may be imported only from these folders. */
const FENCES = {
  nunjucks: ['runner/template'],
  '@dagrejs/graphlib': ['runner/graph'],
  '(pg|pg-copy-streams)': ['runner/engine', 'ingest', 'bench'],
  knex: ['runner/engine/postgres', 'ingest'],
  commander: ['runner/cli', 'ingest'],
  kafkajs: ['ingest'],
  zod: ['runner/project', 'runner/manifest', 'runner/parse', 'runner/cli', 'ingest'],
  picocolors: ['runner/cli'],
  'libpg-query': ['runner/sql'],
  'vscode-languageserver(-textdocument)?': ['runner/lsp'],
}

const fenceRules = Object.entries(FENCES).map(([pkg, folders]) => ({
  name: `fence-${pkg}`,
  severity: 'error',
  comment: `${pkg} stays in ${folders.join(', ')}`,
  from: { pathNot: `^(${folders.join('|')})/|${TEST}` },
  to: { path: `node_modules/${pkg}/` },
}))

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...layerRules,
    ...fenceRules,
    {
      name: 'pure-folders',
      severity: 'error',
      comment: 'These folders compute; files, network, processes and clocks are given to them.',
      from: {
        path: '^runner/(base|manifest|template|graph|select|compile|materialize|plan|state)/',
        pathNot: TEST,
      },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|module|path|vm)$' },
    },
    {
      name: 'postgres-only-from-cli',
      severity: 'error',
      comment: 'Everybody else sees the Adapter interface.',
      from: { path: '^runner/', pathNot: `^runner/(index\\.ts$|(cli|engine)/)|${TEST}` },
      to: { path: '^runner/engine/(postgres|embedded)/' },
    },
    {
      name: 'ingest-meets-runner-in-base',
      severity: 'error',
      from: { path: '^ingest/', pathNot: TEST },
      to: { path: '^runner/(?!base/)' },
    },
    {
      name: 'ingest-only-through-index',
      severity: 'error',
      from: { path: '^runner/', pathNot: TEST },
      to: { path: '^ingest/(?!index\\.ts$)' },
    },
    {
      name: 'ingest-only-from-cli',
      severity: 'error',
      from: { path: '^runner/(?!cli/)', pathNot: TEST },
      to: { path: '^ingest/' },
    },
    {
      name: 'tests-are-not-imported',
      severity: 'error',
      from: { pathNot: `${TEST}|^bench/` },
      to: { path: '^runner/testing/|\\.test\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '^dist/' },
  },
}
