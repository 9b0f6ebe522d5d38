/**
 * What the published schemas of OpenLineage ask of an event and of the facets that gm writes, in words of our own: no
 * package carries the JSON files. Keys that are not listed are refused, so that a slip of ours shows.
 */
const text = { type: 'string' }
const uri = { type: 'string', format: 'uri' }

function facet(required: Record<string, object>, optional: Record<string, object> = {}): object {
  return {
    type: 'object',
    properties: { _producer: uri, _schemaURL: uri, ...required, ...optional },
    required: ['_producer', '_schemaURL', ...Object.keys(required)],
    additionalProperties: false,
  }
}

function closed(required: Record<string, object>, optional: Record<string, object> = {}): object {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  }
}

function list(items: object): object {
  return { type: 'array', items }
}

const runId = { type: 'string', format: 'uuid' }
const job = { namespace: text, name: text }
const inputField = closed(
  { namespace: text, name: text, field: text },
  {
    transformations: list(
      closed({ type: { enum: ['DIRECT', 'INDIRECT'] } }, { subtype: text, description: text }),
    ),
  },
)

const datasetFacets = closed(
  {},
  {
    dataSource: facet({}, { name: text, uri }),
    schema: facet({ fields: list(closed({ name: text }, { type: text, description: text })) }),
    documentation: facet({ description: text }),
    columnLineage: facet(
      {
        fields: {
          type: 'object',
          additionalProperties: closed({ inputFields: list(inputField) }),
        },
      },
      { dataset: list(inputField) },
    ),
  },
)

const assertion = closed(
  { assertion: text, success: { type: 'boolean' } },
  { column: text, severity: { enum: ['error', 'warn'] }, name: text },
)

export const OPEN_LINEAGE_EVENT = closed({
  eventType: { enum: ['START', 'COMPLETE', 'FAIL', 'ABORT'] },
  eventTime: { type: 'string', format: 'date-time' },
  producer: uri,
  schemaURL: uri,
  run: closed({
    runId,
    facets: closed(
      {},
      {
        processing_engine: facet({ version: text }, { name: text }),
        parent: facet({ run: closed({ runId }), job: closed(job) }),
        errorMessage: facet({ message: text, programmingLanguage: text }),
      },
    ),
  }),
  job: closed({
    ...job,
    facets: closed(
      {},
      {
        jobType: facet({ processingType: text, integration: text }, { jobType: text }),
        sql: facet({ query: text }, { dialect: text }),
      },
    ),
  }),
  inputs: list(
    closed(
      { namespace: text, name: text },
      {
        facets: datasetFacets,
        inputFacets: closed({}, { dataQualityAssertions: facet({ assertions: list(assertion) }) }),
      },
    ),
  ),
  outputs: list(
    closed(
      { namespace: text, name: text },
      {
        facets: datasetFacets,
        outputFacets: closed(
          {},
          { outputStatistics: facet({}, { rowCount: { type: 'integer', minimum: 0 } }) },
        ),
      },
    ),
  ),
})
