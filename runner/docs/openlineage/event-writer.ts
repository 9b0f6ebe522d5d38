import { hash } from 'node:crypto'
import type { Node, TestNode } from '../../manifest/node.ts'
import type { RunEvent, StepResult } from '../../run/event.ts'
import type { Dataset, DatasetSource } from './dataset.ts'
import { columnLineageFacet, datasetOf, inputsOf } from './dataset.ts'
import type { Facet } from './facet.ts'
import { facet, RUN_EVENT_SCHEMA } from './facet.ts'

/** A run or a step of it, as OpenLineage's consumers read it. */
export interface OpenLineageEvent {
  readonly eventType: 'START' | 'COMPLETE' | 'FAIL' | 'ABORT'
  readonly eventTime: string
  readonly producer: string
  readonly schemaURL: string
  readonly run: { readonly runId: string; readonly facets: Readonly<Record<string, Facet>> }
  readonly job: Job & { readonly facets: Readonly<Record<string, Facet>> }
  readonly inputs: readonly object[]
  readonly outputs: readonly object[]
}

interface Job {
  readonly namespace: string
  readonly name: string
}

export interface EventSource extends DatasetSource {
  readonly project: string
  /** The namespace of jobs. */
  readonly namespace: string
  readonly version: string
  /** The SQL of a node as it may be shown; undefined where it is left out. */
  readonly sqlOf: (node: Node) => string | undefined
  /** A text without secrets. */
  readonly safe: (text: string) => string
  readonly now: () => Date
}

/**
 * What of a run's events is told: START and one of COMPLETE, FAIL and ABORT for the run and for each step that began.
 * A step that was skipped or reused has not begun.
 */
export function openLineageWriter(
  from: EventSource,
): (event: RunEvent) => OpenLineageEvent | undefined {
  const { producer, namespace, manifest } = from
  let run: { readonly id: string; readonly job: Job } | undefined
  const begun = new Set<string>()

  const written = (
    eventType: OpenLineageEvent['eventType'],
    at: Date,
    parts: {
      readonly runId: string
      readonly runFacets: Readonly<Record<string, Facet>>
      readonly job: Job
      readonly jobType: string
      readonly jobFacets?: Readonly<Record<string, Facet>>
      readonly inputs?: readonly object[]
      readonly outputs?: readonly object[]
    },
  ): OpenLineageEvent => ({
    eventType,
    eventTime: at.toISOString(),
    producer,
    schemaURL: RUN_EVENT_SCHEMA,
    run: {
      runId: uuidOf(parts.runId),
      facets: {
        ...facet('processing_engine', producer, { name: 'gm', version: from.version }),
        ...parts.runFacets,
      },
    },
    job: {
      ...parts.job,
      facets: {
        ...facet('jobType', producer, {
          processingType: 'BATCH',
          integration: 'GM',
          jobType: parts.jobType,
        }),
        ...parts.jobFacets,
      },
    },
    inputs: parts.inputs ?? [],
    outputs: parts.outputs ?? [],
  })

  const stepParts = (node: Node) => {
    const sql = from.sqlOf(node)
    return {
      runId: `${run?.id ?? ''}/${node.id}`,
      job: { namespace, name: node.id },
      jobType: node.kind.toUpperCase(),
      jobFacets:
        sql === undefined
          ? {}
          : facet('sql', producer, { query: from.safe(sql), dialect: 'postgresql' }),
      parent:
        run === undefined
          ? {}
          : facet('parent', producer, { run: { runId: uuidOf(run.id) }, job: run.job }),
    }
  }

  return (event) => {
    switch (event.type) {
      case 'run-start': {
        run = { id: event.runId, job: { namespace, name: `${from.project}.${event.command}` } }
        return written('START', event.at, {
          runId: run.id,
          runFacets: {},
          job: run.job,
          jobType: 'RUN',
        })
      }
      case 'step-start': {
        const node = manifest.nodes.get(event.id)
        if (node === undefined) return undefined
        begun.add(event.id)
        const { parent, ...parts } = stepParts(node)
        return written('START', from.now(), {
          ...parts,
          runFacets: parent,
          inputs: inputsOf(node, from),
          outputs: outputsOf(node, from),
        })
      }
      case 'step-end': {
        const { result } = event
        const node = manifest.nodes.get(result.id)
        if (node === undefined || !begun.delete(result.id)) return undefined
        const { parent, ...parts } = stepParts(node)
        return written(endOf(result.status), endTime(result, from), {
          ...parts,
          runFacets: { ...parent, ...errorFacet(result.error?.message, from) },
          inputs: node.kind === 'test' ? assertedInputs(node, result, from) : inputsOf(node, from),
          outputs: outputsOf(node, from, result),
        })
      }
      case 'run-end': {
        if (run === undefined) return undefined
        const { status } = event.result
        const failed = event.result.steps.filter(({ error }) => error !== undefined)
        const [first] = failed
        const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : ''
        return written(endOf(status), from.now(), {
          runId: run.id,
          runFacets: errorFacet(
            first?.error === undefined ? undefined : `${first.error.message}${more}`,
            from,
          ),
          job: run.job,
          jobType: 'RUN',
        })
      }
      default:
        return undefined
    }
  }
}

function endOf(status: string): 'COMPLETE' | 'FAIL' | 'ABORT' {
  if (status === 'cancelled') return 'ABORT'
  return ['error', 'fail', 'failed'].includes(status) ? 'FAIL' : 'COMPLETE'
}

function endTime({ startedAt, durationMs }: StepResult, { now }: EventSource): Date {
  return startedAt === undefined ? now() : new Date(startedAt.getTime() + durationMs)
}

function errorFacet(
  message: string | undefined,
  { producer, safe }: EventSource,
): Readonly<Record<string, Facet>> {
  if (message === undefined) return {}
  return facet('errorMessage', producer, { message: safe(message), programmingLanguage: 'SQL' })
}

/** What a step writes: its relation, once it has ended with its columns' lineage and how many rows were written. */
function outputsOf(node: Node, from: EventSource, result?: StepResult): readonly object[] {
  const dataset = node.kind === 'test' ? undefined : datasetOf(node, from)
  if (dataset === undefined) return []
  const { inserted, updated } = result?.counts ?? {}
  const isCounted = inserted !== undefined || updated !== undefined
  return [
    {
      ...dataset,
      facets: { ...dataset.facets, ...columnLineageFacet(node, from) },
      ...(isCounted && {
        outputFacets: facet('outputStatistics', from.producer, {
          rowCount: (inserted ?? 0) + (updated ?? 0),
        }),
      }),
    },
  ]
}

/** What a test read, with its verdict on the relation that it is about. */
function assertedInputs(test: TestNode, result: StepResult, from: EventSource): readonly object[] {
  const tested = test.generic === undefined ? undefined : from.manifest.nodes.get(test.generic.on)
  const about = tested === undefined ? undefined : datasetOf(tested, from)
  const isSame = (one: Dataset): boolean => about === undefined || one.name === about.name
  const column = test.generic?.column
  const assertions = [
    {
      assertion: test.generic?.name ?? test.name,
      success: result.status === 'pass',
      ...(column !== undefined && { column }),
      name: test.name,
      severity: test.config.severity ?? 'error',
    },
  ]
  return inputsOf(test, from).map((one) =>
    isSame(one)
      ? { ...one, inputFacets: facet('dataQualityAssertions', from.producer, { assertions }) }
      : one,
  )
}

/** gm's short ids as the UUIDs that OpenLineage asks for: the same for the same text. */
function uuidOf(text: string): string {
  const digest = hash('sha256', text)
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 3) | 8).toString(16)
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-')
}
