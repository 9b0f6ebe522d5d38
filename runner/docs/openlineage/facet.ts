/** A part of an OpenLineage event: what it says, who says it, and by which published schema. */
export interface Facet {
  readonly _producer: string
  readonly _schemaURL: string
  readonly [key: string]: unknown
}

/** The published schemas, by the facet's key; consumers read the version off the URL. */
const SCHEMAS = {
  columnLineage: '1-2-0/ColumnLineageDatasetFacet',
  dataQualityAssertions: '1-1-0/DataQualityAssertionsDatasetFacet',
  dataSource: '1-0-1/DatasourceDatasetFacet',
  documentation: '1-1-0/DocumentationDatasetFacet',
  errorMessage: '1-0-1/ErrorMessageRunFacet',
  jobType: '2-0-4/JobTypeJobFacet',
  outputStatistics: '1-0-2/OutputStatisticsOutputDatasetFacet',
  parent: '1-2-0/ParentRunFacet',
  processing_engine: '1-1-1/ProcessingEngineRunFacet',
  schema: '1-2-0/SchemaDatasetFacet',
  sql: '1-1-0/SQLJobFacet',
} as const

export type FacetName = keyof typeof SCHEMAS

export const RUN_EVENT_SCHEMA = 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent'

/** One facet under its key, ready to be spread among others. */
export function facet(
  name: FacetName,
  producer: string,
  content: Readonly<Record<string, unknown>>,
): Readonly<Record<string, Facet>> {
  const file = SCHEMAS[name]
  const definition = file.slice(file.indexOf('/') + 1)
  return {
    [name]: {
      _producer: producer,
      _schemaURL: `https://openlineage.io/spec/facets/${file}.json#/$defs/${definition}`,
      ...content,
    },
  }
}
