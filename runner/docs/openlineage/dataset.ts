import type { Manifest, Node, NodeId, Relation } from '../../manifest/node.ts'
import type { ColumnInput, ColumnLineage } from '../../sql/column-lineage.ts'
import type { Facet } from './facet.ts'
import { facet } from './facet.ts'

/** What facts about datasets are taken from. */
export interface DatasetSource {
  readonly manifest: Manifest
  readonly lineage: ColumnLineage
  /** Without user and password. */
  readonly server: { readonly host: string; readonly port: number; readonly database: string }
  /** Who says it: a URI. */
  readonly producer: string
}

export interface Dataset {
  readonly namespace: string
  readonly name: string
  readonly facets?: Readonly<Record<string, Facet>>
}

/** A relation by the names that OpenLineage gives to tables of PostgreSQL: `postgres://host:port`, `database.schema.table`. */
export function datasetName(relation: Relation, { server }: DatasetSource): Dataset {
  return {
    namespace: `postgres://${server.host}:${server.port}`,
    name: `${server.database}.${relation.schema}.${relation.identifier}`,
  }
}

/** A node's relation with what is known of it; undefined for a node without one, such as an ephemeral model. */
export function datasetOf(node: Node | undefined, from: DatasetSource): Dataset | undefined {
  if (node === undefined || !isDataset(node)) return undefined
  const { producer, server } = from
  const named = datasetName(node.relation, from)
  const columns = from.lineage.nodes.get(node.id)?.columns ?? []
  const fields = columns.map(({ name, type }) => {
    const described = node.columns.get(name)
    const known = type ?? described?.data_type
    return {
      name,
      ...(known !== undefined && { type: known }),
      ...(described !== undefined &&
        described.description !== '' && { description: described.description }),
    }
  })
  return {
    ...named,
    facets: {
      ...facet('dataSource', producer, {
        name: named.namespace,
        uri: `${named.namespace}/${server.database}`,
      }),
      ...(fields.length > 0 && facet('schema', producer, { fields })),
      ...(node.description !== '' &&
        facet('documentation', producer, { description: node.description })),
    },
  }
}

/** The relations that a node reads; through an ephemeral model, those that it reads in turn. */
export function inputsOf(node: Node, from: DatasetSource): readonly Dataset[] {
  const seen = new Set<NodeId>()
  const visit = (ids: readonly NodeId[]): readonly Dataset[] =>
    ids.flatMap((id) => {
      const input = from.manifest.nodes.get(id)
      if (input === undefined || seen.has(id)) return []
      seen.add(id)
      const dataset = datasetOf(input, from)
      return dataset === undefined ? visit(input.dependsOn) : [dataset]
    })
  return visit(node.dependsOn)
}

/** Where each column of a node's relation comes from; undefined where no column comes from anywhere. */
export function columnLineageFacet(
  node: Node,
  from: DatasetSource,
): Readonly<Record<string, Facet>> | undefined {
  const own = from.lineage.nodes.get(node.id)
  if (own === undefined) return undefined
  const written = (inputs: readonly ColumnInput[]) =>
    inputFields(throughEphemeral(inputs, from), from)
  const fields = own.columns.flatMap(({ name, inputs }) => {
    const inputFields = written(inputs)
    return inputFields.length === 0 ? [] : [[name, { inputFields }] as const]
  })
  const dataset = written(own.conditions)
  if (fields.length === 0 && dataset.length === 0) return undefined
  return facet('columnLineage', from.producer, {
    fields: Object.fromEntries(fields),
    ...(dataset.length > 0 && { dataset }),
  })
}

/** Inputs that are columns of relations: an ephemeral model has none, its columns are those that feed it. */
function throughEphemeral(
  inputs: readonly ColumnInput[],
  from: DatasetSource,
): readonly ColumnInput[] {
  return inputs.flatMap((input) => {
    const node = from.manifest.nodes.get(input.node)
    if (node === undefined || isDataset(node)) return [input]
    const inner = from.lineage.nodes.get(input.node)
    const column = inner?.columns.find(({ name }) => name === input.column)
    return throughEphemeral(column?.inputs ?? [], from).map((one) => combined(one, input))
  })
}

const RANK = { copied: 0, computed: 1, aggregated: 2, condition: 3 } as const

/** Two steps as one: what is done most to the value counts. */
function combined(first: ColumnInput, second: ColumnInput): ColumnInput {
  const { kind, via } = RANK[second.kind] > RANK[first.kind] ? second : first
  const { node, column } = first
  return { node, column, kind, ...(via !== undefined && { via }) }
}

const SUBTYPES = {
  copied: 'IDENTITY',
  computed: 'TRANSFORMATION',
  aggregated: 'AGGREGATION',
  filter: 'FILTER',
  join: 'JOIN',
  group: 'GROUP_BY',
  sort: 'SORT',
  window: 'WINDOW',
  case: 'CONDITIONAL',
} as const

/** Each column once, with all the ways in which it takes part. */
function inputFields(inputs: readonly ColumnInput[], from: DatasetSource) {
  const fields = new Map<string, { dataset: Dataset; field: string; ways: Set<string> }>()
  for (const { node: id, column, kind, via } of inputs) {
    const node = from.manifest.nodes.get(id)
    if (node === undefined || !isDataset(node)) continue
    const key = `${id}\u0000${column}`
    const known = fields.get(key) ?? {
      dataset: datasetName(node.relation, from),
      field: column,
      ways: new Set<string>(),
    }
    known.ways.add(
      kind === 'condition' ? `INDIRECT ${SUBTYPES[via ?? 'filter']}` : `DIRECT ${SUBTYPES[kind]}`,
    )
    fields.set(key, known)
  }
  return [...fields.values()].map(({ dataset, field, ways }) => ({
    ...dataset,
    field,
    transformations: [...ways].map((way) => {
      const [type, subtype] = way.split(' ')
      return { type, subtype }
    }),
  }))
}

function isDataset(node: Node): node is Extract<Node, { relation: Relation }> {
  return 'relation' in node && node.config.materialized !== 'ephemeral'
}
