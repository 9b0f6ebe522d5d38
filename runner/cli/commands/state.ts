import type { Rows } from '../../engine/statement.ts'
import type { Manifest } from '../../manifest/node.ts'
import { quoted } from '../../manifest/quoted.ts'
import { batchesLeft, isMicrobatch } from '../../plan/microbatch-work.ts'
import type { MarkState, State } from '../../state/read-state.ts'
import { readState } from '../../state/read-state.ts'
import { REBASE_MARKS } from '../../state/rebase-marks.ts'
import type { CommandAction } from '../command-spec.ts'
import type { OpenWarehouse } from '../connect.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags, StateFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadSettings } from '../load-settings.ts'
import { manifestIfReadable } from '../manifest-if-readable.ts'
import { formatDuration, plural } from '../render/format.ts'
import { styleFor } from '../render/style.ts'
import { renderTable } from '../render/table.ts'
import { jsonAnswer, tell } from '../tell.ts'

const RESTORED =
  'This database is a restored backup or a clone: its marks mean nothing here until `gm state rebase`.'

/** Shows how far each model has read its inputs, which batches are due, and who holds old snapshots. Changes nothing. */
export const stateCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(StateFlags, raw)
  const project = loadSettings({ ...flags, allowsMissingPackages: true }, io)
  const manifest = manifestIfReadable(
    flags,
    io,
    'due batches and what has left the project are not known',
  )
  const warehouse = await connect(project, io)
  try {
    const session = await warehouse.adapter.open()
    const state = await readState(session).finally(() => session.close())
    const shown = state && { ...state, due: manifest && dueOf(state, manifest, io.now()), manifest }
    if (flags.output === 'json') io.out(jsonAnswer(toJson(shown), flags))
    else io.out(shown === undefined ? 'gm has built nothing here.\n' : screen(shown, io))
    return EXIT.ok
  } finally {
    await warehouse.close()
  }
}

/** Makes the marks of a restored or cloned database its own. */
export const stateRebaseCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(GlobalFlags, raw)
  const project = loadSettings({ ...flags, allowsMissingPackages: true }, io)
  const warehouse = await connect(project, io)
  try {
    await warehouse.prepare()
    const { fields, text } = await rebase(warehouse)
    tell('rebased', fields, text, { ...flags, quiet: false }, io)
    return EXIT.ok
  } finally {
    await warehouse.close()
  }
}

interface Rebased {
  readonly fields: object
  readonly text: string
}

async function rebase(warehouse: OpenWarehouse): Promise<Rebased> {
  const session = await warehouse.adapter.open()
  try {
    const state = await readState(session)
    if (state?.isSameDatabase !== false)
      return {
        fields: { kept: 0, rebuilt: [] },
        text: 'The marks belong to this database. Nothing to do.\n',
      }
    const { rows } = await session.transaction(REBASE_MARKS)
    const outcomes = rows?.rows ?? []
    const rebuilt = outcomes.filter(({ outcome }) => outcome === 'rebuild')
    const kept = outcomes.length - rebuilt.length
    const text = [
      `${plural(kept, 'mark')} carried over: the next run reads what is new since.`,
      ...rebuilt.map(
        ({ relation, input }) =>
          `${String(relation)} will be rebuilt: what it has read of ${String(input)} cannot be told here.`,
      ),
      '',
    ].join('\n')
    return {
      fields: { kept, rebuilt: rebuilt.map(({ relation, input }) => ({ relation, input })) },
      text,
    }
  } finally {
    await session.close()
  }
}

/** The state, in the light of the project as it is now, where that can be read. */
interface Shown extends State {
  readonly due: readonly DueBatches[] | undefined
  readonly manifest: Manifest | undefined
}

/** Batches of a microbatch model that the next run has to do: they were never done, failed, or have got rows since. */
interface DueBatches {
  readonly relation: string
  readonly batches: readonly string[]
}

function dueOf(
  { made, doneBatches }: State,
  { nodes }: Manifest,
  now: Date,
): readonly DueBatches[] {
  return [...nodes.values()].flatMap((node) => {
    if (node.kind !== 'model' || !isMicrobatch(node)) return []
    const relation = quoted(node.relation)
    if (!made.has(relation)) return []
    const batches = batchesLeft(node, now, doneBatches.get(relation) ?? [])
    return batches.length === 0 ? [] : [{ relation, batches }]
  })
}

/** Of a mark that a model of this project has left, which is not in it any more: of other projects nothing is known here. */
function isLeftOver({ madeBy }: MarkState, { manifest }: Shown): boolean {
  if (madeBy === undefined || manifest === undefined) return false
  return madeBy.project === manifest.project && !manifest.nodes.has(madeBy.nodeId)
}

function toJson(state: Shown | undefined): object {
  if (state === undefined) return { marks: [], due_batches: [], old_snapshots: [] }
  return {
    is_same_database: state.isSameDatabase,
    marks: state.marks.map((mark) => ({
      relation: mark.relation,
      input: mark.input,
      unread_rows: mark.unreadRows ?? null,
      unread_keys: mark.unreadKeys,
      behind_seconds: mark.behindSeconds,
      moved_at: mark.movedAt,
      input_is: mark.inputIs,
      is_in_project: state.manifest === undefined ? null : !isLeftOver(mark, state),
    })),
    due_batches: state.due ?? null,
    old_snapshots: state.oldSnapshots.map((held) => ({
      pid: held.pid ?? null,
      user: held.user ?? null,
      application: held.application,
      state: held.state,
      age_seconds: held.ageSeconds,
      is_writing: held.isWriting,
    })),
  }
}

function screen(state: Shown, io: Io): string {
  const style = styleFor(io.colour)
  const context = { style, width: io.isTerminal ? io.width() : undefined }
  const parts = state.isSameDatabase ? [] : [`${RESTORED}\n`]
  parts.push(
    state.marks.length === 0
      ? 'No model follows an input yet.\n'
      : renderTable(markRows(state), context),
  )
  if (state.due !== undefined && state.due.length > 0) {
    parts.push(`${style.bold('Due batches')}\n`, renderTable(dueRows(state.due), context))
  }
  if (state.oldSnapshots.length > 0) {
    parts.push(`${style.bold('Open transactions')}\n`, renderTable(snapshotRows(state), context))
  }
  return parts.join('\n')
}

const text = (name: string): Rows['columns'][number] => ({ name, type: 'text' })
const number = (name: string): Rows['columns'][number] => ({ name, type: 'int4' })

function markRows(state: Shown): Rows {
  return {
    columns: [text('relation'), text('reads'), number('unread'), text('behind'), text('read at')],
    rows: state.marks.map((mark) => ({
      relation: isLeftOver(mark, state) ? `${mark.relation} (not in the project)` : mark.relation,
      reads: mark.inputIs === 'followed' ? mark.input : `${mark.input} (${mark.inputIs})`,
      unread:
        mark.unreadKeys === 0
          ? (mark.unreadRows ?? null)
          : `${mark.unreadRows ?? '?'} + ${plural(mark.unreadKeys, 'key')}`,
      behind: mark.behindSeconds === 0 ? '' : formatDuration(mark.behindSeconds * 1000),
      'read at': mark.movedAt,
    })),
  }
}

function dueRows(due: readonly DueBatches[]): Rows {
  return {
    columns: [text('relation'), number('batches'), text('from'), text('to')],
    rows: due.map(({ relation, batches }) => ({
      relation,
      batches: batches.length,
      from: batches[0] ?? '',
      to: batches.at(-1) ?? '',
    })),
  }
}

function snapshotRows({ oldSnapshots }: State): Rows {
  return {
    columns: [number('pid'), text('user'), text('application'), text('state'), text('open for')],
    rows: oldSnapshots.map((held) => ({
      pid: held.pid ?? null,
      user: held.user ?? null,
      application: held.application,
      state: held.isWriting ? `${held.state}, has written` : held.state,
      'open for': formatDuration(held.ageSeconds * 1000),
    })),
  }
}
