import { hash } from 'node:crypto'
import type { DescribedConfig } from '../../manifest/describe-config.ts'
import { describeConfig, writtenKeys } from '../../manifest/describe-config.ts'
import type {
  ExposureNode,
  FixtureRow,
  FixtureRows,
  Node,
  RefCall,
  Relation,
  SourceNode,
  TestNode,
  UnitTestNode,
} from '../../manifest/node.ts'
import { isReadable } from '../../manifest/node.ts'
import { namesRead } from '../../parse/names-read.ts'
import { snapshotBlocks } from '../../parse/snapshot-blocks.ts'
import { varsIn } from '../../parse/vars-in.ts'
import type { Project } from '../../project/project.ts'
import { pathBelow } from './path-below.ts'

/** A node under dbt's keys: an entry of `nodes` or `sources` in manifest.json. */
export interface DescribedNode {
  readonly unique_id: string
  readonly name: string
  readonly resource_type: string
  readonly package_name: string
  readonly original_file_path: string
  readonly config: DescribedConfig
  readonly unrendered_config: DescribedConfig
  readonly [key: string]: unknown
}

type TemplatedNode = Exclude<Node, { kind: 'source' | 'seed' | 'exposure' | 'unit_test' }>

export interface Described {
  readonly project: Project
  /** Seconds since 1970. */
  readonly createdAt: number
  /** SQL of nodes that were compiled. */
  readonly compiledCode: ReadonlyMap<string, string>
}

/** Names of relations follow the target and change no row. */
const NAMES: ReadonlySet<string> = new Set(['schema', 'alias', 'database', 'target_schema'])

/** A node as artifacts show it. */
export function describeNode(node: Node, context: Described): DescribedNode {
  if (node.kind === 'source') return describeSource(node, context)
  if (node.kind === 'exposure') return describeExposure(node, context)
  if (node.kind === 'unit_test') return describeUnitTest(node, context)
  return describeBuilt(node, context)
}

function common(node: Node, { project, createdAt }: Described) {
  return {
    database: project.target.database,
    name: node.name,
    resource_type: node.kind,
    package_name: node.package,
    path: pathBelow(node, project),
    original_file_path: node.at.file,
    unique_id: node.id,
    fqn: node.fqn,
    config: describeConfig(node),
    tags: node.config.tags,
    description: node.description,
    columns: columnsOf(node),
    meta: node.config.meta,
    patch_path: node.describedIn === undefined ? null : `${node.package}://${node.describedIn}`,
    unrendered_config: unrenderedConfigOf(node, project),
    created_at: createdAt,
    doc_blocks: [],
  }
}

function describeSource(node: SourceNode, context: Described): DescribedNode {
  return {
    ...common(node, context),
    schema: node.relation.schema,
    source_name: node.sourceName,
    source_description: '',
    loader: '',
    identifier: node.relation.identifier,
    quoting: {},
    loaded_at_field: node.config.loaded_at_field ?? null,
    loaded_at_query: node.config.loaded_at_query ?? null,
    freshness: node.config.freshness ?? null,
    external: null,
    source_meta: {},
    relation_name: relationName(node.relation, context.project),
    patch_path: null,
    unrendered_database: null,
    unrendered_schema: node.unrenderedSchema ?? null,
  }
}

function describeExposure(node: ExposureNode, context: Described): DescribedNode {
  const { label, maturity, url, exposureType, owner } = node
  const { fqn, ...shared } = common(node, context)
  return {
    name: shared.name,
    resource_type: shared.resource_type,
    package_name: shared.package_name,
    path: shared.path,
    original_file_path: shared.original_file_path,
    unique_id: shared.unique_id,
    fqn,
    type: exposureType,
    owner: { email: null, name: null, ...owner },
    description: shared.description,
    label: label ?? null,
    maturity: maturity ?? null,
    url: url ?? null,
    meta: shared.meta,
    tags: shared.tags,
    config: { enabled: node.config.enabled, tags: node.config.tags, meta: node.config.meta },
    unrendered_config: {},
    depends_on: { macros: [], nodes: node.dependsOn },
    refs: node.refs.map(describeRef),
    sources: node.sources.map(({ source, table }) => [source, table]),
    metrics: [],
    created_at: shared.created_at,
  }
}

function describeUnitTest(node: UnitTestNode, context: Described): DescribedNode {
  const { fqn, ...shared } = common(node, context)
  const { name, resource_type, package_name, path, original_file_path, unique_id } = shared
  const { version, checksum, overrides } = node
  const suffix = version === undefined ? '' : `_v${version}`
  const [, , model = ''] = node.id.split('.')
  return {
    name: name.slice(0, name.length - suffix.length),
    resource_type,
    package_name,
    path,
    original_file_path,
    unique_id,
    fqn,
    model,
    given: node.given.map(({ written, rows }) => ({ input: written, ...describeRows(rows) })),
    expect: describeRows(node.expect),
    description: shared.description,
    overrides,
    depends_on: { macros: [], nodes: node.dependsOn },
    config: { enabled: node.config.enabled, tags: node.config.tags, meta: node.config.meta },
    unrendered_config: {},
    checksum,
    schema: null,
    created_at: shared.created_at,
    versions: null,
    version: version ?? null,
  }
}

function describeRows(rows: FixtureRows) {
  if (rows.format === 'sql') return { rows: rows.sql, format: 'sql', fixture: null }
  const cells = (row: FixtureRow) =>
    Object.fromEntries(row.cells.map(({ column, value }) => [column, value]))
  return { rows: rows.rows.map(cells), format: 'dict', fixture: null }
}

function describeRef({ name, package: owner, version }: RefCall) {
  return { name, package: owner ?? null, version: version ?? null }
}

/**
 * One literal with a place for every key, as thousands of these are made in a row: keys that a kind does not have are
 * undefined, and so in no JSON.
 */
function describeBuilt(
  node: Exclude<Node, SourceNode | ExposureNode | UnitTestNode>,
  context: Described,
): DescribedNode {
  const { project } = context
  const relation = isReadable(node) ? node.relation : undefined
  const isEphemeral = node.config.materialized === 'ephemeral'
  const model = node.kind === 'model' ? node : undefined
  const templated = node.kind === 'seed' ? undefined : node
  const code = templated === undefined ? undefined : context.compiledCode.get(node.id)
  const test = node.kind === 'test' ? testKeys(node) : undefined
  const shared = common(node, context)
  return {
    database: shared.database,
    name: shared.name,
    resource_type: shared.resource_type,
    package_name: shared.package_name,
    path: shared.path,
    original_file_path: shared.original_file_path,
    unique_id: shared.unique_id,
    fqn: shared.fqn,
    config: shared.config,
    tags: shared.tags,
    description: shared.description,
    columns: shared.columns,
    meta: shared.meta,
    patch_path: shared.patch_path,
    unrendered_config: shared.unrendered_config,
    created_at: shared.created_at,
    doc_blocks: shared.doc_blocks,
    schema: relation?.schema ?? node.config.schema ?? `${project.target.schema}_dbt_test__audit`,
    alias: relation?.identifier ?? node.config.alias ?? node.name,
    checksum: { name: 'sha256', checksum: node.checksum },
    group: node.config.group ?? null,
    docs: { show: true, node_color: null, ...node.config.docs },
    build_path: null,
    relation_name: relation === undefined || isEphemeral ? null : relationName(relation, project),
    raw_code: templated === undefined ? '' : rawCodeOf(templated),
    root_path: templated === undefined ? project.root : undefined,
    language: templated && 'sql',
    refs: templated?.refs.map(describeRef),
    sources: templated?.sources.map(({ source, table }) => [source, table]),
    metrics: templated && [],
    functions: templated && [],
    depends_on:
      templated === undefined
        ? { macros: node.inHooks?.macros ?? [] }
        : { macros: macrosOf(templated), nodes: node.dependsOn },
    compiled_path: templated && null,
    contract: templated && describeContract(node),
    compiled: code === undefined ? undefined : true,
    compiled_code: code,
    extra_ctes_injected: code === undefined ? undefined : true,
    extra_ctes: code === undefined ? undefined : [],
    access: model && (model.config.access ?? 'protected'),
    constraints: model && describeConstraints(model, (columns) => columns.length !== 1),
    version: model && (model.version ?? null),
    latest_version: model && (model.latestVersion ?? null),
    deprecation_date: model && (model.deprecationDate ?? null),
    primary_key: model?.config.unique_key,
    time_spine: model && null,
    column_name: test?.column_name,
    file_key_name: test?.file_key_name,
    attached_node: test?.attached_node,
    test_metadata: test?.test_metadata,
  }
}

function macrosOf({ macros, inHooks }: TemplatedNode): readonly string[] {
  const called = inHooks === undefined ? macros : [...new Set([...macros, ...inHooks.macros])]
  return called.length < 2 ? called : called.toSorted()
}

/** A snapshot's own block, where its file has several. */
function rawCodeOf(node: TemplatedNode): string {
  if (node.kind !== 'snapshot') return node.rawCode
  const block = snapshotBlocks(node.rawCode).find(({ name }) => name === node.name)
  return block === undefined ? node.rawCode : node.rawCode.slice(block.span.start, block.span.end)
}

/** Another checksum is another promise: `state:modified.contract` goes by it. */
function describeContract(node: Node): Readonly<Record<string, unknown>> {
  const contract = node.kind === 'model' ? node.contract : undefined
  if (contract === undefined) return { enforced: false, alias_types: true, checksum: null }
  const columns = contract.columns.map(({ name, type }) => `${name}: ${type}`).sort()
  const constraints = describeConstraints(node, () => true)
  return {
    enforced: true,
    alias_types: node.config.contract?.alias_types ?? true,
    checksum: hash('sha256', JSON.stringify([columns, constraints])),
  }
}

/** @param isWanted by the columns that a constraint is about. */
function describeConstraints(
  node: Node,
  isWanted: (columns: readonly string[]) => boolean,
): readonly Readonly<Record<string, unknown>>[] {
  const constraints = node.kind === 'model' ? node.contract?.constraints : undefined
  if (constraints === undefined) return []
  return constraints
    .filter(({ columns }) => isWanted(columns))
    .map(({ type, columns, name, expression, to, toColumns }) => ({
      type,
      name: name ?? null,
      expression: expression ?? null,
      warn_unenforced: true,
      warn_unsupported: true,
      to: to ?? null,
      to_columns: toColumns ?? [],
      ...(columns.length === 1 ? {} : { columns }),
    }))
}

/** What says which generic test it is; a singular test has none of it. */
function testKeys({ generic, at }: TestNode) {
  if (generic === undefined) return undefined
  const parts = generic.name.split('.')
  const { column, on } = generic
  return {
    column_name: column ?? null,
    file_key_name: `${on.startsWith('source.') ? 'sources' : `${on.split('.')[0] ?? ''}s`}.${at.file}`,
    attached_node: on.startsWith('source.') ? null : on,
    test_metadata: {
      name: parts.at(-1) ?? generic.name,
      namespace: parts.length > 1 ? parts[0] : null,
      kwargs: {
        ...generic.arguments,
        ...(column !== undefined && { column_name: column }),
        model: on,
      },
    },
  }
}

function columnsOf(node: Node): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...node.columns].map(([name, column]) => [
      name,
      {
        name,
        description: column.description,
        meta: column.meta,
        data_type: column.data_type ?? null,
        constraints: describeConstraints(node, (columns) => columns.join() === name),
        quote: null,
        config: { meta: column.meta, tags: column.tags },
        tags: column.tags,
        granularity: null,
        doc_blocks: [],
      },
    ]),
  )
}

/** As dbt quotes it: database, schema and identifier. */
export function relationName({ schema, identifier }: Relation, { target }: Project): string {
  return [target.database, schema, identifier]
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.')
}

/** What YAML says, with its templates where the target decides the values, and what else the node depends on. */
function unrenderedConfigOf(node: Node, project: Project): DescribedConfig {
  const { unrendered, ...config } = node.writtenConfig
  const isSaid = Object.keys(config).length > 0
  return { ...(isSaid && writtenKeys(config)), ...unrendered, ...readsOf(node, project) }
}

/**
 * Hashes of the values that a node reads, so that a change of one is seen later. Never the values: an artifact is
 * published, and a variable may hold what belongs in no file.
 */
function readsOf(node: Node, project: Project): Readonly<Record<string, unknown>> {
  const dispatch = dispatchOf(node, project)
  const hasDispatch = Object.keys(dispatch).length > 0
  const own = 'reads' in node ? node.reads : undefined
  const isPlain =
    (own === undefined || own.vars.length + own.env.length === 0) &&
    node.writtenConfig.unrendered === undefined &&
    node.inHooks === undefined &&
    node.config.materialization === undefined
  if (isPlain && !hasDispatch) return {}
  const texts = Object.entries(node.writtenConfig.unrendered ?? {}).flatMap(([key, text]) =>
    NAMES.has(key) ? [] : [namesRead(text)],
  )
  const all = [...(own === undefined ? [] : [own]), ...texts]
  if (node.inHooks !== undefined) all.push(node.inHooks.reads)
  const vars = varsIn(project, node.package)
  const hashed = (names: readonly string[], valueOf: (name: string) => unknown) =>
    Object.fromEntries(
      [...new Set(names)]
        .sort()
        .map((name) => [name, hash('sha256', JSON.stringify(valueOf(name) ?? null))]),
    )
  const reads = {
    vars: hashed(
      all.flatMap((one) => one.vars),
      (name) => vars[name],
    ),
    env: hashed(
      all.flatMap((one) => one.env),
      (name) => project.env.get(name),
    ),
    // The text of a materialization of the project's own decides what is built as the model's own text does.
    ...(node.config.materialization !== undefined && {
      materialization: node.config.materialization.code,
    }),
  }
  const isEmpty = [reads.vars, reads.env, dispatch].every((one) => Object.keys(one).length === 0)
  return isEmpty && !('materialization' in reads)
    ? {}
    : { reads: { ...reads, ...(hasDispatch && { dispatch }) } }
}

/** Where the project has macros looked for, of the packages whose macros a node calls. */
function dispatchOf(node: Node, { dispatch }: Project): Project['dispatch'] {
  const owners = Object.entries(dispatch)
  if (owners.length === 0 || !('macros' in node)) return {}
  return Object.fromEntries(
    owners.filter(
      ([owner]) =>
        node.macros.some((id) => id.startsWith(`macro.${owner}.`)) ||
        node.rawCode.includes(`${owner}.`),
    ),
  )
}
