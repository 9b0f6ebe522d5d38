import type { ColumnInfo, Node, NodeConfig, TestNode } from '../manifest/node.ts'
import type { PastStep } from '../state/history.ts'
import { rowsOf } from './describe-run.ts'
import type { RelationFacts } from './relation-facts.ts'
import { renderMarkdown } from './render-markdown.ts'
import type { ColumnPage, NodePage, StepPage, StoredFacts, TestPage } from './site-data.ts'

/** What a page needs to know of its node beside the node itself. */
export interface NodeSurroundings {
  readonly facts: RelationFacts | undefined
  readonly tests: readonly TestPage[]
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
    columns: columnPages(node, facts),
    tests: around.tests,
    ...('rawCode' in node && node.rawCode !== '' ? { source: node.rawCode } : {}),
    ...(compiled.sql === undefined ? {} : { compiled: compiled.sql }),
    ...(compiled.note === undefined ? {} : { compiledNote: compiled.note }),
    config: configEntries(node.config),
    facts: node.kind === 'seed' ? [['File', node.file]] : [],
    history: around.steps.map(describeStep),
  }
}

/** The test's name and column, with its last results. */
export function describeTest(node: TestNode, steps: readonly PastStep[]): TestPage {
  const { generic } = node
  const given = Object.entries(generic?.arguments ?? {})
    .filter(([name]) => name !== 'model' && name !== 'column_name')
    .map(([name, value]) => `${name}: ${plain(value)}`)
  const [last] = steps
  return {
    id: node.id,
    name: generic?.name ?? node.name,
    ...(generic?.column === undefined ? {} : { column: generic.column }),
    ...(given.length === 0 ? {} : { arguments: given.join(', ') }),
    severity: node.config.severity ?? 'error',
    ...(last === undefined ? {} : { last: describeStep(last) }),
    recent: steps.map(({ status }) => status),
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

function storedFacts(facts: RelationFacts): StoredFacts {
  return {
    type: facts.type,
    owner: facts.owner,
    ...(facts.comment === null ? {} : { comment: facts.comment }),
    ...(facts.estimatedRows === null ? {} : { estimatedRows: facts.estimatedRows }),
    ...(facts.sizeBytes === null ? {} : { sizeBytes: facts.sizeBytes }),
    ...(facts.analyzedAt === null ? {} : { analyzedAt: facts.analyzedAt }),
    constraints: facts.constraints,
    indexes: facts.indexes,
  }
}

/** In the order of the database, where it was asked; what is documented and not there comes last. */
function columnPages(node: Node, facts: RelationFacts | undefined): readonly ColumnPage[] {
  const documented = node.columns
  if (facts === undefined) {
    const types = new Map(
      node.kind === 'seed' ? node.fields.map(({ name, type }) => [name, type]) : [],
    )
    const names = new Set([...types.keys(), ...documented.keys()])
    return [...names].map((name) => {
      const info = documented.get(name)
      const type = info?.data_type ?? types.get(name)
      return { name, ...(type === undefined ? {} : { type }), ...documentation(info) }
    })
  }
  const stored = facts.columns.map(({ name, type, isRequired }): ColumnPage => {
    const required = isRequired ? { isRequired: true as const } : {}
    return { name, type, ...required, ...documentation(documented.get(name)) }
  })
  const there = new Set(facts.columns.map(({ name }) => name))
  const missing = [...documented.values()]
    .filter(({ name }) => !there.has(name))
    .map((info): ColumnPage => ({ name: info.name, ...documentation(info), isMissing: true }))
  return [...stored, ...missing]
}

function documentation(
  info: ColumnInfo | undefined,
): Pick<ColumnPage, 'descriptionHtml' | 'tags' | 'meta'> {
  if (info === undefined) return {}
  const html = renderMarkdown(info.description)
  const meta = Object.entries(info.meta).map(([key, value]) => [key, plain(value)] as const)
  return {
    ...(html === undefined ? {} : { descriptionHtml: html }),
    ...(info.tags.length === 0 ? {} : { tags: info.tags }),
    ...(meta.length === 0 ? {} : { meta }),
  }
}

/** What was set, without what says nothing. */
function configEntries(config: NodeConfig): readonly (readonly [string, string])[] {
  return Object.entries(config)
    .filter(([key, value]) => key !== 'enabled' && !isNothing(value))
    .map(([key, value]) => [key, plain(value)])
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** A value as a person would write it in one line: lists with commas, mappings as YAML's `{a: 1}`. */
export function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(', ')
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, one]) =>
      Array.isArray(one) ? `${key}: [${plain(one)}]` : `${key}: ${plain(one)}`,
    )
    return `{${entries.join(', ')}}`
  }
  return String(value)
}
