import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { GmError } from '../../base/error.ts'
import { gmErrorsOf, throwAll } from '../../base/error.ts'
import type { Node, NodeKind } from '../../manifest/node.ts'
import { artifactsOf } from '../artifacts.ts'
import type { CommandAction } from '../command-spec.ts'
import type { Talk } from '../compile-whole.ts'
import { compileText, compileWhole } from '../compile-whole.ts'
import { deferred } from '../defer.ts'
import { EXIT } from '../exit-code.ts'
import { CompileFlags, eventWindowOf, parseFlags } from '../flags.ts'
import { LazyWarehouse } from '../lazy-warehouse.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { plural } from '../render/format.ts'
import { sayTo } from '../say-to.ts'
import { selectFor } from '../select-for.ts'
import { tell } from '../tell.ts'
import { withColumns } from '../with-columns.ts'

/** What has SQL of its own, as in dbt: also analyses, which no other command takes unasked. */
const KINDS: readonly NodeKind[] = ['model', 'snapshot', 'test', 'analysis']

/**
 * Prints the SQL of the one selected node, else writes the SQL of all selected ones below target/compiled.
 * Connects only where a template asks the database, or `--defer` must know which tables there are.
 */
export const compileCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(CompileFlags, raw)
  const opened = await withColumns(openProject(flags, io), flags)
  const warehouse = new LazyWarehouse(opened.project, flags.introspect, io)
  const say = sayTo(opened.project.root, flags, io, io.err)
  try {
    if (flags.inline !== undefined) {
      const { inline } = flags
      const seen = await deferred(opened, new Set(), flags, io, warehouse.describe)
      io.out(
        `${await warehouse.whileItCompiles((talk) => compileText(inline, seen, talk).sql, say)}\n`,
      )
      return EXIT.ok
    }
    const window = eventWindowOf(flags)
    const inWindow = window === undefined ? {} : { window }
    const selected = selectFor(opened, flags, io, KINDS)
    const seen = await deferred(opened, selected, flags, io, warehouse.describe)
    const nodes = opened.order.flatMap((id) =>
      selected.has(id) ? [seen.manifest.nodes.get(id)] : [],
    )
    const compilable = nodes
      .filter((node) => node !== undefined)
      .filter((node) => 'rawCode' in node)
    // A model comes with its tests; asking for one model means its own SQL.
    const own = compilable.filter((node) => node.kind !== 'test')
    const single = own.length === 1 ? own[0] : compilable.length === 1 ? compilable[0] : undefined
    if (flags.select.length > 0 && single !== undefined) {
      const sql = await warehouse.whileItCompiles(
        (talk) => compileWhole(single, seen, { ...talk, ...inWindow }).sql,
        say,
      )
      io.out(`${sql}\n`)
      return EXIT.ok
    }
    const { folder, compiledCode } = await warehouse.whileItCompiles(
      (talk) => writeAll(compilable, seen, { ...talk, ...inWindow }),
      say,
    )
    const text = `${plural(compilable.length, 'node')} compiled to ${folder}\n`
    tell('compiled', { nodes: compilable.length, folder }, text, flags, io)
    await artifactsOf('compile', opened, flags, io).manifest(compiledCode)
    return EXIT.ok
  } finally {
    await warehouse.close()
  }
}

/** @throws GmErrors of all nodes that do not compile; the others are written all the same. */
function writeAll(
  nodes: readonly Node[],
  opened: OpenProject,
  talk: Talk,
): { readonly folder: string; readonly compiledCode: ReadonlyMap<string, string> } {
  const { project } = opened
  const compiledCode = new Map<string, string>()
  const folder = `${project.paths.target}/compiled/${project.name}`
  const errors: GmError[] = []
  for (const node of nodes) {
    try {
      const { sql } = compileWhole(node, opened, talk)
      compiledCode.set(node.id, sql)
      const file = resolve(project.root, folder, fileOf(node))
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `${sql}\n`)
    } catch (thrown) {
      const found = gmErrorsOf(thrown)
      if (found === undefined) throw thrown
      errors.push(...found)
    }
  }
  throwAll(errors)
  return { folder, compiledCode }
}

/** As dbt: the file's own path, and for a test from YAML a file of its name in a folder named after the YAML file. */
function fileOf(node: Node): string {
  return node.at.file.endsWith('.sql') && node.kind !== 'snapshot'
    ? node.at.file
    : `${node.at.file}/${node.name}.sql`
}
