import { randomBytes } from 'node:crypto'
import type { Session } from '../../engine/adapter.ts'
import type { BuiltNode, Relation } from '../../manifest/node.ts'
import { isBuilt } from '../../manifest/node.ts'
import { quoted } from '../../manifest/quoted.ts'
import { createSchema } from '../../materialize/materialize-view.ts'
import { finishRun, recordStep, startRun } from '../../state/ledger.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import { earlierState } from '../earlier-state.ts'
import { EXIT } from '../exit-code.ts'
import { CloneFlags, parseFlags } from '../flags.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { packageVersion } from '../package-version.ts'
import { selectFor } from '../select-for.ts'
import { tell } from '../tell.ts'

/**
 * Puts the selected nodes of an earlier state into this target's schemas: what is written to run by run (incremental
 * models, histories) as copies, everything else as views of the other tables. What is here already stays.
 */
export const cloneCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(CloneFlags, raw)
  const opened = openProject(flags, io)
  const selected = selectFor(opened, { ...flags, job: [] }, io, ['model', 'seed', 'snapshot'])
  const state = earlierState(flags.state, opened, io)
  const nodes = opened.order.flatMap((id) => {
    const node = opened.manifest.nodes.get(id)
    return node !== undefined && selected.has(id) && isBuilt(node) ? [node] : []
  })
  const warehouse = await connect(opened.project, io)
  try {
    await warehouse.prepare(opened.manifest)
    const existing = await warehouse.adapter.describe(nodes.map(({ relation }) => relation))
    const session = await warehouse.adapter.open()
    try {
      const runId = randomBytes(6).toString('hex')
      await session.query(startRun({ ...runOf(opened), runId }))
      let count = 0
      for (const node of nodes) {
        const from = state.relationOf(node.id)
        if (from === undefined || quoted(from) === quoted(node.relation)) continue
        if (existing.has(quoted(node.relation))) continue
        const action = await cloneNode(node, from, runId, opened.project.name, session)
        count += 1
        const [relation, of] = [quoted(node.relation), quoted(from)]
        tell('cloned', { action, relation, of }, `${action}  ${relation}  of ${of}\n`, flags, io)
      }
      await session.query(finishRun(runId, 'success', []))
      const text = `${count} of ${nodes.length} cloned; what was here already stays.\n`
      tell('clone-end', { cloned: count, selected: nodes.length }, text, flags, io)
    } finally {
      await session.close()
    }
    return EXIT.ok
  } finally {
    await warehouse.close()
  }
}

function runOf({ project }: OpenProject) {
  const { name, target } = project
  return { command: 'clone', project: name, target: target.name, version: packageVersion() }
}

async function cloneNode(
  node: BuiltNode,
  from: Relation,
  runId: string,
  project: string,
  session: Session,
): Promise<'copy' | 'view'> {
  const isWrittenTo = node.kind === 'snapshot' || node.config.materialized === 'incremental'
  const [to, source] = [quoted(node.relation), quoted(from)]
  const sql = isWrittenTo
    ? [
        `create table ${to} (like ${source} including all)`,
        `insert into ${to} select * from ${source}`,
      ]
    : [`create view ${to} as select * from ${source}`]
  await session.query(createSchema(node.relation.schema))
  await session.transaction({
    name: 'publish',
    isolation: 'read committed',
    locks: [],
    statements: [
      ...sql.map((text) => ({ purpose: 'clone', sql: text })),
      recordStep({
        runId,
        project,
        nodeId: node.id,
        kind: isWrittenTo ? (node.config.materialized ?? node.kind) : 'view',
        relation: to,
        action: isWrittenTo ? 'copy' : 'create view',
        reason: `cloned from ${source}`,
        // Of no code at all: the next run of the node builds it from its own.
        fingerprint: '',
        code: '',
        isStable: false,
        isFullBuild: true,
      }),
    ],
  })
  return isWrittenTo ? 'copy' : 'view'
}
