import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { ruleFor } from '../base/warnings.ts'
import { FAILURES_SCHEMA } from '../check/store-failures.ts'
import { compileNode } from '../compile/compile-node.ts'
import { compileText } from '../compile/compile-text.ts'
import type { KeptCompiled } from '../compile/kept-compiled.ts'
import { keptCompiled } from '../compile/kept-compiled.ts'
import type { Manifest, NodeId } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { OwnMaterializer } from '../materialize/own-materialization.ts'
import { nameRelation } from '../parse/name-relation.ts'
import type { Said } from '../parse/shared-scope.ts'
import type { ProjectHook } from '../project/project.ts'
import type { RunEvent, RunResult, StepResult } from '../run/event.ts'
import type { RunHook } from '../run/run-hooks.ts'
import { runProject } from '../run/run-project.ts'
import type { RunRequest } from '../run/run-request.ts'
import type { Resumed } from '../state/last-run.ts'
import type { Scope } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { cachedBytes } from './cached-bytes.ts'
import type { OpenWarehouse } from './connect.ts'
import type { RunFlags } from './flags.ts'
import { eventWindowOf } from './flags.ts'
import type { Io } from './io.ts'
import { LogFile } from './log-file.ts'
import type { OpenProject } from './open-project.ts'
import { packageVersion } from './package-version.ts'
import { readLimit } from './read-limit.ts'
import type { RunScreen } from './run-screen.ts'
import { sayInRun } from './say-in-run.ts'
import type { LineageTeller } from './tell-lineage.ts'
import { warningRules } from './warning-flags.ts'

export interface NodesToRun {
  readonly command: string
  readonly flags: RunFlags
  readonly opened: OpenProject
  readonly selected: ReadonlySet<NodeId>
  readonly warehouse: OpenWarehouse
  readonly signal: AbortSignal
  /** Hears all that happens, beside the screen and the log. */
  readonly teller?: LineageTeller | undefined
  readonly materializers: ReadonlyMap<string, OwnMaterializer>
  /** Models that `refuseLostChanges` found to need a key without a second row. */
  readonly needUniqueKey?: ReadonlySet<NodeId> | undefined
  /** `gm retry`: what it goes on with. */
  readonly resumed?: Resumed
  /** The nodes that those runs have done. */
  readonly done?: ReadonlySet<NodeId>
  /** Those of them that have hooks left after their rows, and how many. */
  readonly hooksLeft?: ReadonlyMap<NodeId, number>
}

export interface RanNodes {
  readonly result: RunResult
  readonly logPath: string | undefined
  readonly compiledCode: ReadonlyMap<string, string>
}

/**
 * What run/ needs, from what the user asked for.
 * @param compiledCode takes the SQL of each node as it is compiled.
 * @param kept gives that of nodes which have not changed since an earlier run.
 */
export function runRequest(
  asked: NodesToRun,
  pass: (event: RunEvent) => void,
  compiledCode: Map<string, string> = new Map(),
  kept?: KeptCompiled,
): RunRequest {
  const { flags, opened, warehouse } = asked
  const { project } = opened
  const { emit, say } = sayInRun(flags, pass)
  const runId = randomBytes(6).toString('hex')
  const begin = asked.resumed?.startedAt ?? new Date()
  const limit = readLimit(flags, flags.asOf === undefined ? begin : endOf(flags.asOf))
  return {
    runId,
    command: asked.command,
    asked: {
      flags,
      publish: flags.publish ?? project.publish,
      ...(asked.resumed !== undefined && { resumes: asked.resumed.runIds }),
    },
    manifest: opened.manifest,
    work: {
      order: opened.order,
      selected: asked.selected,
      testsGate: asked.command === 'build',
    },
    adapter: warehouse.adapter,
    compile: (node, state, manifest) => {
      const spoken = { ...state, say }
      const compiled =
        kept === undefined
          ? compileNode(node, manifest, project, opened.templates, spoken)
          : kept.compile(node, manifest, project, () => opened.templates, spoken)
      // Artifacts show the published names.
      if (manifest === opened.manifest) compiledCode.set(node.id, compiled.sql)
      return asked.needUniqueKey?.has(node.id) === true
        ? { ...compiled, needsUniqueKey: true }
        : compiled
    },
    storeFailures: flags.storeFailures,
    materializers: asked.materializers,
    ...(limit !== undefined && { limit }),
    doWarningsFail: ruleFor('GM5001', warningRules(flags)) === 'error',
    failuresRelation: (test) =>
      nameRelation(
        { ...test, config: { ...test.config, schema: test.config.schema ?? FAILURES_SCHEMA } },
        project,
        opened.templates,
      ),
    compileText: (node, text, state) =>
      compileText({ text, at: node.at, node }, opened.manifest, project, opened.templates, {
        ...state,
        say,
      }),
    onRunStart: runHooksOf('on-run-start', project.onRunStart, asked, { runId, say }),
    onRunEnd: runHooksOf('on-run-end', project.onRunEnd, asked, { runId, say }),
    vars: project.vars,
    ...timesOf(flags, asked.resumed),
    ...(asked.resumed !== undefined && { resumes: asked.resumed.runIds }),
    ...(asked.done !== undefined && { done: asked.done }),
    ...(asked.hooksLeft !== undefined && { hooksLeft: asked.hooksLeft }),
    runQuery: warehouse.runQuery,
    targetName: project.target.name,
    version: packageVersion(),
    threads: project.threads,
    fullRefresh: flags.fullRefresh,
    allowDestructive: flags.allowDestructive,
    reuse: flags.force ? 'none' : project.reuse,
    failFast: flags.failFast,
    historyRetentionDays: project.historyRetentionDays,
    retries: project.retries,
    lock: flags.lock,
    publishWaitMs: project.publishWaitMs,
    keepVersions: project.keepVersions,
    publish: flags.publish ?? project.publish,
    emit,
    signal: asked.signal,
  }
}

/** The moment up to which a day, or that a moment, reaches. */
function endOf(asOf: string): Date {
  const start = new Date(asOf)
  return asOf.includes('T') ? start : new Date(start.getTime() + 86_400_000)
}

/** What counts as now where --as-of tells it, the end of a day, or the moment; or the run that this one goes on with. */
function timesOf(
  flags: RunFlags,
  resumed: Resumed | undefined,
): Pick<RunRequest, 'now' | 'eventTime'> {
  const { asOf } = flags
  const eventTime = eventWindowOf(flags)
  return {
    ...(resumed !== undefined && { now: resumed.startedAt }),
    ...(asOf !== undefined && {
      now: new Date(asOf.includes('T') ? asOf : `${asOf}T23:59:59.999Z`),
    }),
    ...(eventTime !== undefined && { eventTime }),
  }
}

function runHooksOf(
  name: string,
  texts: readonly ProjectHook[],
  { opened, warehouse }: NodesToRun,
  { runId, say }: { readonly runId: string; readonly say: (said: Said) => void },
): readonly RunHook[] {
  const { manifest, project } = opened
  return texts.map(({ text, at }) => ({
    name,
    at,
    render: (results) =>
      compileText(
        { text, at, node: undefined, values: hookValues(results, manifest) },
        manifest,
        project,
        opened.templates,
        {
          isIncremental: false,
          invocationId: runId,
          vars: project.vars,
          runQuery: warehouse.runQuery,
          say,
          changes: (_input, relation) => quoted(relation),
          changedKeys: (_input, relation) => quoted(relation),
        },
      ),
  }))
}

/** What dbt's hooks at the end of a run can name besides the nodes. */
function hookValues(results: readonly StepResult[], { nodes }: Manifest): Scope['values'] {
  const schemas = new Set<string>()
  const list = results.map((result) => {
    const node = nodes.get(result.id)
    if (node !== undefined && isBuilt(node)) schemas.add(node.relation.schema)
    return new TemplateObject('result', {
      values: {
        status: result.status,
        execution_time: result.durationMs / 1000,
        message: result.error?.message ?? null,
        failures: result.failures ?? null,
        node: new TemplateObject('node', {
          values: {
            unique_id: result.id,
            name: node?.name ?? result.name,
            resource_type: result.kind,
            schema: node !== undefined && isBuilt(node) ? node.relation.schema : null,
            alias: node !== undefined && isBuilt(node) ? node.relation.identifier : null,
          },
        }),
      },
    })
  })
  return { results: list, schemas: [...schemas].sort() }
}

/**
 * Runs nodes with their screen and their log file.
 * @returns the result, the path of the log, and the SQL of the nodes that were compiled.
 */
export async function runNodes(asked: NodesToRun, screen: RunScreen, io: Io): Promise<RanNodes> {
  const { project } = asked.opened
  const log = new LogFile(
    resolve(project.root, project.paths.logs),
    project.logRetentionDays,
    io.safe,
  )
  const compiledCode = new Map<string, string>()
  const { asRead } = asked.opened
  const kept = asRead && keptCompiled(cachedBytes(project.root, 'compiled.bin'), asRead)
  const tell = (event: RunEvent): void => {
    log.write(event, io.now())
    screen.show(event)
  }
  try {
    const result = await runProject(
      runRequest(
        asked,
        (event) => {
          tell(event)
          asked.teller?.hear(event)
        },
        compiledCode,
        kept,
      ),
    )
    return { result, logPath: log.path, compiledCode }
  } finally {
    kept?.close()
    const problem = await asked.teller?.close()
    if (problem !== undefined) tell({ type: 'log', level: 'warn', message: problem })
    screen.stop()
    log.close()
  }
}
