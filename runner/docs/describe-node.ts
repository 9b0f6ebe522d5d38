import type { CheckingNode, Node, NodeConfig } from '../manifest/node.ts'
import type { PastStep } from '../state/history.ts'
import { rowsOf } from './describe-run.ts'
import { plainText } from './plain-text.ts'
import type { RelationFacts } from './relation-facts.ts'
import { renderMarkdown } from './render-markdown.ts'
import type { ColumnPage, NodePage, StepPage, StoredFacts, TestPage } from './site-data.ts'

/** What a page needs to know of its node beside the node itself. */
export interface NodeSurroundings {
  readonly facts: RelationFacts | undefined
  readonly columns: readonly ColumnPage[]
  readonly tests: readonly TestPage[]
  readonly related: NodePage['related']
  readonly lineageNotes: readonly string[]
  /** Newest first. */
  readonly steps: readonly PastStep[]
  readonly compiled: { readonly sql?: string; readonly note?: string }
}

/** The page of a node. */
export function describeNode(node: Node, around: NodeSurroundings): NodePage {
  const description = renderMarkdown(node.description)
  const { facts, compiled } = around
  return {
    id: node.id,
    ...(description === undefined ? {} : { descriptionHtml: description }),
    line: node.at.line,
    package: node.package,
    ...(facts === undefined ? {} : { stored: storedFacts(facts) }),
    columns: around.columns,
    tests: around.tests,
    ...('rawCode' in node && node.rawCode !== '' ? { source: node.rawCode } : {}),
    ...(compiled.sql === undefined ? {} : { compiled: compiled.sql }),
    ...(compiled.note === undefined ? {} : { compiledNote: compiled.note }),
    config: configEntries(node.config),
    facts: factsOf(node),
    related: around.related,
    ...(around.lineageNotes.length === 0 ? {} : { lineageNotes: around.lineageNotes }),
    history: around.steps.map(describeStep),
  }
}

/** What only its kind has to say. */
function factsOf(node: Node): NodePage['facts'] {
  switch (node.kind) {
    case 'seed':
      return [['File', node.file]]
    case 'exposure': {
      const { label, exposureType, maturity, url } = node
      const facts = [
        ['Label', label],
        ['Type', exposureType],
        ['Maturity', maturity],
        ['URL', url],
      ] as const
      return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
    }
    case 'model': {
      const { version, latestVersion, deprecationDate } = node
      return [
        ...(version === undefined ? [] : [['Version', String(version)] as const]),
        ...(latestVersion === undefined
          ? []
          : [['Latest version', String(latestVersion)] as const]),
        ...(deprecationDate === undefined ? [] : [['Deprecated from', deprecationDate] as const]),
      ]
    }
    default:
      return []
  }
}

/** The test's name and column, with its last results. */
export function describeTest(node: CheckingNode, steps: readonly PastStep[]): TestPage {
  const generic = node.kind === 'test' ? node.generic : undefined
  const given = Object.entries(generic?.arguments ?? {})
    .filter(([name]) => name !== 'model' && name !== 'column_name')
    .map(([name, value]) => `${name}: ${plainText(value)}`)
  // Only a test that passed is reused: its verdict stands.
  const verdicts = steps.map((step) =>
    step.status === 'reused' ? { ...step, status: 'pass' } : step,
  )
  const [last] = verdicts
  return {
    id: node.id,
    name: generic?.name ?? node.name,
    ...(generic?.column === undefined ? {} : { column: generic.column }),
    ...(given.length === 0 ? {} : { arguments: given.join(', ') }),
    severity: node.config.severity ?? 'error',
    ...(last === undefined ? {} : { last: describeStep(last) }),
    recent: verdicts.map(({ status }) => status),
  }
}

function describeStep(step: PastStep): StepPage {
  return {
    runId: step.runId,
    at: step.startedAt ?? step.finishedAt,
    status: step.status,
    action: step.action,
    reason: step.reason,
    ...(step.durationMs === null ? {} : { durationMs: step.durationMs }),
    ...rowsOf(step),
    ...(step.message === null ? {} : { message: step.message }),
  }
}

/** The catalog's words, in those of everyday. */
const TYPES: Readonly<Record<string, string>> = { 'BASE TABLE': 'table' }

function storedFacts(facts: RelationFacts): StoredFacts {
  return {
    type: TYPES[facts.type] ?? facts.type.toLowerCase(),
    owner: facts.owner,
    ...(facts.comment === null ? {} : { comment: facts.comment }),
    ...(facts.estimatedRows === null ? {} : { estimatedRows: facts.estimatedRows }),
    ...(facts.bytes === null ? {} : { sizeBytes: facts.bytes }),
    ...(facts.analyzedAt === null ? {} : { analyzedAt: facts.analyzedAt }),
    constraints: facts.constraints,
    indexes: facts.indexes,
  }
}

/** What was set, without what says nothing. */
function configEntries(config: NodeConfig): readonly (readonly [string, string])[] {
  return Object.entries(config)
    .filter(([key, value]) => key !== 'enabled' && !isNothing(value))
    .map(([key, value]) => [key, plainText(value)])
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
