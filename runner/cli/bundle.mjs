// Run by `npm run build`: writes the commands into dist/, each with what it needs of our own modules in a few files.
// Loading 95 small modules costs a command 0.05 s of CPU (docs/adr/0004). Packages stay where npm put them.
import { chmodSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('../..', import.meta.url))
rmSync(`${root}/dist`, { recursive: true, force: true })

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
  external: (id) => !id.startsWith('.') && !id.startsWith('/') && !/^[A-Z]:/i.test(id),
})
await bundle.write({
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
})
await bundle.close()
// What is started as a command needs the executable bit.
for (const name of ['gm', 'gm-ingest']) chmodSync(`${root}/dist/${name}.js`, 0o755)
