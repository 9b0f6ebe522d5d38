import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Session } from '../engine/adapter.ts'
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
 * @throws GmError GM1010 for what is none of these, GM3012 for tables of another database, GM3011 for a folder whose
 * manifest cannot be read.
 */
export async function diffAgainst(
  opened: OpenProject,
  flags: PlanFlags,
  io: Io,
  session: Session,
): Promise<((node: BuiltNode) => Relation | undefined) | undefined> {
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
  await refuseUnknownPlace(against, opened, session)
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

async function refuseUnknownPlace(
  place: string,
  { project: { targetNames } }: OpenProject,
  session: Session,
): Promise<void> {
  const { rows } = await session.query({ purpose: 'schemas', sql: SCHEMAS })
  const schemas = rows.map(({ name }) => String(name))
  if (schemas.includes(place)) return
  const targets = targetNames.length === 0 ? [] : [`a target (${targetNames.join(', ')})`]
  const possible = [...targets, 'a folder with a manifest.json'].join(', ')
  throw new GmError(
    'GM1010',
    `--against ${place} is no target, folder with a manifest.json or schema`,
    {
      hint:
        didYouMean(place, [...targetNames, ...schemas]) ??
        `Give ${possible} or a schema (${schemas.join(', ')}).`,
    },
  )
}

const SCHEMAS = `select nspname::text as name
from pg_namespace
where nspname !~ '^(pg_|gm$|gm_)' and nspname <> 'information_schema'
order by nspname`

function otherDatabase(what: string, there: string, here: string): GmError {
  return new GmError(
    'GM3012',
    `${what} is in the database ${there}, and PostgreSQL reads one database at a time`,
    {
      hint: `This target is in ${here}.`,
    },
  )
}
