// Run by `npm run build`: writes the commands into dist/, each with what it needs of our own modules in a few files.
// Loading 95 small modules costs a command 0.05 s of CPU (docs/adr/0004). Other packages stay where npm put them.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  'pg',
  'pg-connection-string',
  'pg-int8',
  'pg-pool',
  'pg-protocol',
  'pg-types',
  'postgres-array',
  'postgres-bytea',
  'postgres-date',
  'postgres-interval',
  'xtend',
  // An ES module, of which CommonJS cannot import the default.
  'tinyqueue',
]

/** What every command loads, `--help` included, the database's driver, and what most others load besides: a file each. */
const SHARED = [
  {
    name: 'start',
    priority: 2,
    minShareCount: 2,
    test: /runner\/(?:base\/|project\/package-folder|cli\/(?:exit-code|io|package-version|read-project-file|render\/(?:error|json-event|style))\.)|picocolors/,
  },
  { name: 'pg', priority: 2, minShareCount: 1, test: /node_modules\/(?:pg|postgres|xtend)[/-]/ },
  { name: 'common', priority: 1 },
]

const PROGRAMS = { gm: 'runner/cli/main.ts', 'gm-ingest': 'runner/cli/gm-ingest.ts' }

const isBundled = (id) => BUNDLED.some((name) => id === name || id.startsWith(`${name}/`))

const isFile = (id) => id.startsWith('.') || id.startsWith('/') || /^[A-Z]:/i.test(id)

/** What loads fastest does the same as what was written. */
const asLoaded = {
  name: 'as-loaded',
  renderChunk(code) {
    const changed = new MagicString(code)
    // A text of ASCII alone is read without being decoded, and takes half the memory. Such characters stand in strings, expressions and comments.
    for (const { 0: character, index } of code.matchAll(/[\u0080-\uffff]/g)) {
      const digits = character.charCodeAt(0).toString(16).padStart(4, '0')
      changed.update(index, index + 1, `\\u${digits}`)
    }
    spreadSecond(this.parse(code), changed)
    return { code: changed.toString(), map: changed.generateMap({ hires: 'boundary' }) }
  },
}

/**
 * The V8 of Node 20 gives `{ ...a, b }` a hidden class of its own each time it is evaluated: ten times the work, and the classes
 * outlive the objects. With any other element before the spread it does not (docs/adr/0014).
 */
function spreadSecond(node, changed) {
  if (typeof node !== 'object' || node === null) return
  if (node.type === 'ObjectExpression') {
    const [first, second] = node.properties
    if (first?.type === 'SpreadElement' && second !== undefined)
      changed.appendLeft(first.start, '...null, ')
  }
  for (const child of Object.values(node)) spreadSecond(child, changed)
}

/** The text of a package's licence; where it has no file for it, the end of its README. */
function licenceOf(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
  if (file !== undefined) return readFileSync(`${folder}/${file}`, 'utf8').trim()
  const [, text] = readFileSync(`${folder}/README.md`, 'utf8').split(/^## licen[cs]e$/im)
  if (text === undefined) throw new Error(`${folder} has no licence that could be passed on`)
  return text.trim()
}

/** Writes what the inputs need of our modules and of the bundled packages, all of it side by side: one finds another through its own place. */
async function bundle(input, external, output, define = {}) {
  const built = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    plugins: [asLoaded],
    external,
    transform: { define },
  })
  const written = await built.write({
    dir: 'dist',
    sourcemap: true,
    // Its clean-up, which comes last, would take the nulls out again.
    minify: false,
    ...output,
  })
  await built.close()
  return written.output
}

// CommonJS, which can be loaded with the code that V8 compiled before (docs/adr/0015).
const written = await bundle(
  {
    programs: 'runner/cli/programs.ts',
    index: 'runner/index.ts',
    'run-query-worker': 'runner/engine/postgres/run-query-worker.ts',
  },
  (id) => !isFile(id) && !isBundled(id),
  {
    format: 'cjs',
    dynamicImportInCjs: false,
    // What is loaded with code that was kept is named after what it holds: npm gives the files of all versions one date.
    entryFileNames: ({ name }) => (name === 'programs' ? '[name]-[hash].cjs' : '[name].cjs'),
    chunkFileNames: '[name]-[hash].cjs',
    // A file more costs a command half a millisecond.
    codeSplitting: { groups: SHARED.map((group) => ({ minShareCount: 12, ...group })) },
  },
)
// What programs import is of the same modules as what gm runs.
const { exports } = written.find(({ name }) => name === 'index')
writeFileSync(`${root}/dist/index.js`, `export { ${exports.join(', ')} } from './index.cjs'\n`)
const programs = JSON.stringify(written.find(({ name }) => name === 'programs').fileName)
// A file each. What they import by its URL is the user's, and stays an import().
for (const [name, file] of Object.entries(PROGRAMS)) {
  const isOther = (id) => !isFile(id) || id.endsWith('/programs.ts')
  const output = { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false }
  await bundle({ [name]: file }, isOther, output, { PROGRAMS_FILE: programs })
}
const licences = BUNDLED.map((name) => `${name}\n\n${licenceOf(`${root}/node_modules/${name}`)}\n`)
writeFileSync(`${root}/dist/licences-of-bundled-packages.txt`, licences.join('\n'))
// What is started as a command needs the executable bit.
for (const name of Object.keys(PROGRAMS)) chmodSync(`${root}/dist/${name}.cjs`, 0o755)
