import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as z from 'zod'
import { GmError } from '../base/error.ts'
import { importModule } from '../base/import-module.ts'
import { didYouMean } from '../base/nearest.ts'
import type { NodeId } from '../manifest/node.ts'
import type { OwnMaterializer } from '../materialize/own-materialization.ts'
import type { OpenProject } from './open-project.ts'

const statement = z.strictObject({
  purpose: z.string().optional(),
  sql: z.string().min(1),
  counts: z.enum(['inserted', 'updated', 'deleted']).optional(),
})
const work = z.strictObject({
  statements: z.array(z.union([z.string().min(1), statement])).min(1),
})

/**
 * Loads the modules that build the selected models. They run with the rights of the user: gm loads none before something
 * is planned with it, so that reading a project never runs its code.
 * @throws GmError GM1015 for a module that cannot be loaded; the functions throw it for work that is none.
 */
export async function loadMaterializations(
  { project, manifest }: Pick<OpenProject, 'project' | 'manifest'>,
  selected: ReadonlySet<NodeId>,
): Promise<ReadonlyMap<string, OwnMaterializer>> {
  const names = new Set(
    [...selected].flatMap((id) => manifest.nodes.get(id)?.config.materialization?.name ?? []),
  )
  const loaded = new Map<string, OwnMaterializer>()
  for (const name of [...names].sort()) {
    const module = project.materializations[name]?.module ?? ''
    loaded.set(name, checked(name, module, await load(join(project.root, module), module)))
  }
  return loaded
}

async function load(path: string, file: string): Promise<(build: unknown) => unknown> {
  const at = { file, line: 1, column: 1 }
  let exported: Readonly<Record<string, unknown>>
  try {
    exported = await importModule(pathToFileURL(path).href)
  } catch (cause) {
    throw new GmError('GM1015', `${file} cannot be loaded: ${messageOf(cause)}`, {
      at,
      hint: 'It must be a JavaScript module; a .js file is one where package.json says "type": "module".',
      cause,
    })
  }
  const { default: made } = exported
  if (typeof made === 'function') return made as (build: unknown) => unknown
  throw new GmError('GM1015', `${file} exports no function`, {
    at,
    hint:
      didYouMean('default', Object.keys(exported)) ??
      'Write `export default function (build) { return { statements: […] } }`.',
  })
}

function checked(name: string, file: string, make: (build: unknown) => unknown): OwnMaterializer {
  return (build) => {
    const at = { file, line: 1, column: 1 }
    let given: unknown
    try {
      given = make(build)
    } catch (cause) {
      throw new GmError('GM1015', `${name} failed for ${build.node.name}: ${messageOf(cause)}`, {
        at,
        hint: 'What the module throws ends the plan; nothing was sent.',
        cause,
      })
    }
    const parsed = work.safeParse(given)
    if (parsed.success) {
      return {
        statements: parsed.data.statements.map((one) =>
          typeof one === 'string'
            ? one
            : {
                sql: one.sql,
                ...(one.purpose !== undefined && { purpose: one.purpose }),
                ...(one.counts !== undefined && { counts: one.counts }),
              },
        ),
      }
    }
    const path = parsed.error.issues[0]?.path ?? []
    const where = path.length === 0 ? '' : `: ${path.join('.')} is none`
    throw new GmError('GM1015', `${name} gave no statements for ${build.node.name}${where}`, {
      at,
      hint: 'Return `{ statements: [sql, { purpose, sql, counts }] }`, at once and not as a promise.',
    })
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
