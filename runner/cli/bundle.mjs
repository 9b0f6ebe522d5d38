// Run by `npm run build`: writes the commands into dist/, each with what it needs of our own modules in a few files.
// Loading 95 small modules costs a command 0.05 s of CPU (docs/adr/0004). Other packages stay where npm put them.
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('../..', import.meta.url))
rmSync(`${root}/dist`, { recursive: true, force: true })

/** What every command loads: a hundred files, each of them looked for, opened and compiled by itself. */
const BUNDLED = ['zod', 'js-yaml', 'csv-parse']

const isBundled = (id) => BUNDLED.some((name) => id === name || id.startsWith(`${name}/`))

const isFile = (id) => id.startsWith('.') || id.startsWith('/') || /^[A-Z]:/i.test(id)

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
  external: (id) => !isFile(id) && !isBundled(id),
})
await bundle.write({
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
})
await bundle.close()
const licences = BUNDLED.map(
  (name) => `${name}\n\n${readFileSync(`${root}/node_modules/${name}/LICENSE`, 'utf8').trim()}\n`,
)
writeFileSync(`${root}/dist/licences-of-bundled-packages.txt`, licences.join('\n'))
// What is started as a command needs the executable bit.
for (const name of ['gm', 'gm-ingest']) chmodSync(`${root}/dist/${name}.js`, 0o755)
