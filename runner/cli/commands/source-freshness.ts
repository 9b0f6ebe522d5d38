import { GmError, throwAll } from '../../base/error.ts'
import type { SourceFreshness } from '../../docs/artifacts/sources-artifact.ts'
import { freshnessStatus, sourcesArtifact } from '../../docs/artifacts/sources-artifact.ts'
import type { Session } from '../../engine/adapter.ts'
import type { Freshness, SourceNode } from '../../manifest/node.ts'
import { quoted } from '../../manifest/quoted.ts'
import { artifactsOf } from '../artifacts.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { parseFlags, SelectFlags } from '../flags.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { selectFor } from '../select-for.ts'
import { tell } from '../tell.ts'

interface Watched {
  readonly node: SourceNode
  readonly freshness: Freshness
  /** Seconds since 1970 of the newest row. */
  readonly sql: string
}

/** Compares the newest row of each selected source with its limits. */
export const sourceFreshnessCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(SelectFlags, raw)
  const opened = openProject(flags, io)
  const watched = watchedSources(opened, selectFor(opened, flags, io, ['source']))
  const artifacts = artifactsOf('source freshness', opened, flags, io)
  const warehouse = await connect(opened.project, io)
  try {
    const session = await warehouse.adapter.open()
    const found: SourceFreshness[] = []
    try {
      for (const source of watched) {
        const one = await look(source, session)
        found.push(one)
        const age = one.problem ?? ageText(one.snapshottedAt - (one.maxLoadedAt ?? 0))
        const name = `${source.node.sourceName}.${source.node.name}`
        const status = freshnessStatus(one)
        const text = `${status.toUpperCase().padEnd(14)}${name}  ${age}\n`
        tell('freshness', { source: name, status, ...timesOf(one) }, text, flags, io)
      }
    } finally {
      await session.close()
    }
    if (found.length === 0)
      tell('freshness', { source: null }, 'No selected source has freshness limits.\n', flags, io)
    await artifacts.manifest()
    await artifacts.other('sources.json', sourcesArtifact(found, artifacts.invocation, io.now()))
    const isBad = found.some((one) => ['error', 'runtime error'].includes(freshnessStatus(one)))
    return isBad ? EXIT.failed : EXIT.ok
  } finally {
    await warehouse.close()
  }
}

/** @throws GmErrors GM3009 for sources with limits and without a time to compare. */
function watchedSources(
  { manifest, order }: OpenProject,
  selected: ReadonlySet<string>,
): readonly Watched[] {
  const errors: GmError[] = []
  const watched = order.flatMap((id): Watched[] => {
    const node = manifest.nodes.get(id)
    if (node?.kind !== 'source' || !selected.has(id)) return []
    const { freshness, loaded_at_field: field, loaded_at_query: query } = node.config
    if (freshness?.warn_after === undefined && freshness?.error_after === undefined) return []
    if (query !== undefined) {
      return [{ node, freshness, sql: `select extract(epoch from (\n${query}\n))::float8 as at` }]
    }
    if (field === undefined) {
      errors.push(
        new GmError('GM3009', `the source "${node.name}" has freshness and no time to compare`, {
          at: node.at,
          hint: 'Give loaded_at_field, the column with the time at which a row was loaded.',
        }),
      )
      return []
    }
    const where = freshness.filter === undefined ? '' : `\nwhere ${freshness.filter}`
    const from = quoted(node.relation)
    return [
      {
        node,
        freshness,
        sql: `select extract(epoch from max(${field}))::float8 as at\nfrom ${from}${where}`,
      },
    ]
  })
  throwAll(errors)
  return watched
}

async function look({ node, freshness, sql }: Watched, session: Session): Promise<SourceFreshness> {
  const started = performance.now()
  const common = { id: node.id, freshness }
  try {
    const { rows } = await session.query({ purpose: 'freshness', sql })
    const at = rows[0]?.['at']
    return {
      ...common,
      maxLoadedAt: typeof at === 'number' ? at * 1000 : undefined,
      snapshottedAt: Date.now(),
      durationMs: performance.now() - started,
      ...(typeof at !== 'number' && { problem: 'no row' }),
    }
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    return {
      ...common,
      maxLoadedAt: undefined,
      snapshottedAt: Date.now(),
      durationMs: performance.now() - started,
      problem: error.message,
    }
  }
}

function timesOf({ maxLoadedAt, snapshottedAt, problem }: SourceFreshness): object {
  return {
    maxLoadedAt: maxLoadedAt === undefined ? null : new Date(maxLoadedAt).toISOString(),
    ageSeconds: maxLoadedAt === undefined ? null : (snapshottedAt - maxLoadedAt) / 1000,
    ...(problem !== undefined && { problem }),
  }
}

/** `2 days 3 hours`, `4 minutes`. */
function ageText(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  const parts = [
    [Math.floor(minutes / 1440), 'day'],
    [Math.floor(minutes / 60) % 24, 'hour'],
    [minutes % 60, 'minute'],
  ] as const
  const said = parts.flatMap(([n, word]) => (n === 0 ? [] : `${n} ${word}${n === 1 ? '' : 's'}`))
  return said.length === 0 ? 'under a minute old' : `${said.slice(0, 2).join(' ')} old`
}
