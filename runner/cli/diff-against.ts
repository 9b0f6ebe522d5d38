import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { GmError } from '../base/error.ts'
import type { BuiltNode, Relation } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { earlierState } from './earlier-state.ts'
import type { PlanFlags } from './flags.ts'
import type { Io } from './io.ts'
import type { OpenProject } from './open-project.ts'
import { openProject } from './open-project.ts'

/**
 * Where the tables are that `--against` means: those of a target of the project, of an earlier manifest.json, or the same
 * names in another schema. Undefined without it.
 * @throws GmError GM3012 for tables of another database, GM3011 for a folder whose manifest cannot be read.
 */
export function diffAgainst(
  opened: OpenProject,
  flags: PlanFlags,
  io: Io,
): ((node: BuiltNode) => Relation | undefined) | undefined {
  const { against } = flags
  if (against === undefined) return undefined
  const { project } = opened
  if (existsSync(resolve(io.cwd, against, 'manifest.json'))) {
    const state = earlierState(against, opened, io)
    return (node) => {
      const then = state.relationOf(node.id)
      if (then === undefined) return undefined
      const { database, ...relation } = then
      if (database !== null && database !== project.target.database)
        throw otherDatabase(`${node.name} of ${against}`, database, project.target.database)
      return relation
    }
  }
  const other = targetNamed(against, flags, io)
  if (other !== undefined) {
    const { database } = other.project.target
    if (database !== project.target.database)
      throw otherDatabase(`the target ${against}`, database, project.target.database)
    return ({ id }) => {
      const node = other.manifest.nodes.get(id)
      return node !== undefined && isBuilt(node) ? node.relation : undefined
    }
  }
  return ({ relation }) => ({ schema: against, identifier: relation.identifier })
}

/** The project as another target of it has it; undefined where there is no such target. */
function targetNamed(target: string, flags: PlanFlags, io: Io): OpenProject | undefined {
  try {
    return openProject({ ...flags, target }, io)
  } catch (error) {
    if (error instanceof GmError && error.code === 'GM1007') return undefined
    throw error
  }
}

function otherDatabase(what: string, there: string, here: string): GmError {
  return new GmError(
    'GM3012',
    `${what} is in the database ${there}, and PostgreSQL reads one database at a time`,
    {
      hint: `This target is in ${here}.`,
    },
  )
}
