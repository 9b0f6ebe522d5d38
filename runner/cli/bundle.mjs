// Run by `npm run build`: writes the commands into dist/, each with what it needs of our own modules in a few files.
// Loading 95 small modules costs a command 0.05 s of CPU (docs/adr/0004). Other packages stay where npm put them.
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import MagicString from 'magic-string'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('../..', import.meta.url))
rmSync(`${root}/dist`, { recursive: true, force: true })

/** What every command loads: a hundred files, each of them looked for, opened and compiled by itself. */
const BUNDLED = [
  'zod',
  'js-yaml',
  'csv-parse',
  'commander',
  'nunjucks',
  'picocolors',
  '@dagrejs/graphlib',
]

/** What every command loads, `--help` included, and what most others load besides: a file each. */
const SHARED = [
  {
    name: 'start',
    priority: 2,
    test: /runner\/(?:base\/|project\/package-folder|cli\/(?:exit-code|io|package-version|read-project-file|render\/(?:error|json-event|style))\.)|picocolors/,
  },
  { name: 'common', priority: 1 },
]

const isBundled = (id) => BUNDLED.some((name) => id === name || id.startsWith(`${name}/`))

const isFile = (id) => id.startsWith('.') || id.startsWith('/') || /^[A-Z]:/i.test(id)

/**
 * The V8 of Node 20 gives `{ ...a, b }` a hidden class of its own each time it is evaluated: ten times the work, and the classes
 * outlive the objects. With any other element before the spread it does not (docs/adr/0014).
 */
const spreadSecond = {
  name: 'spread-second',
  renderChunk(code) {
    const changed = new MagicString(code)
    const visit = (node) => {
      if (typeof node !== 'object' || node === null) return
      if (node.type === 'ObjectExpression') {
        const [first, second] = node.properties
        if (first?.type === 'SpreadElement' && second !== undefined)
          changed.appendLeft(first.start, '...null, ')
      }
      for (const child of Object.values(node)) visit(child)
    }
    visit(this.parse(code))
    return { code: changed.toString(), map: changed.generateMap({ hires: 'boundary' }) }
  },
}

const bundle = await rolldown({
  cwd: root,
  // All of them end up side by side, so that one finds another through import.meta.url.
  input: {
    gm: 'runner/cli/main.ts',
    'gm-ingest': 'runner/cli/gm-ingest.ts',
    index: 'runner/index.ts',
    'run-query-worker': 'runner/engine/postgres/run-query-worker.ts',
  },
  platform: 'node',
  plugins: [spreadSecond],
  external: (id) => !isFile(id) && !isBundled(id),
})
await bundle.write({
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  // Its clean-up, which comes last, would take the nulls out again.
  minify: false,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  // A file more costs a command half a millisecond.
  codeSplitting: {
    groups: SHARED.map((group) => ({ ...group, minShareCount: 12 })),
  },
})
await bundle.close()
const licences = BUNDLED.map(
  (name) => `${name}\n\n${readFileSync(`${root}/node_modules/${name}/LICENSE`, 'utf8').trim()}\n`,
)
writeFileSync(`${root}/dist/licences-of-bundled-packages.txt`, licences.join('\n'))
// What is started as a command needs the executable bit.
for (const name of ['gm', 'gm-ingest']) chmodSync(`${root}/dist/${name}.js`, 0o755)
