import type { Environment } from './environment.ts'

/** Where runs are told as OpenLineage, and how. */
export interface OpenLineageSettings {
  /** A file, from the project's root, or the URL of a server; undefined: nowhere. */
  readonly to: string | undefined
  /** The path at a server whose URL has none. */
  readonly endpoint: string
  /** Sent as a bearer token. Not enumerable: JSON, console output and spreads leave it out. */
  readonly apiKey: string | undefined
  /** The namespace of jobs. */
  readonly namespace: string
  /** Whether events hold the nodes' SQL. */
  readonly sql: boolean
  /** OPENLINEAGE_DISABLED: not even a flag tells anything. */
  readonly isDisabled: boolean
}

/** The variables that OpenLineage's own clients read, over what project.yml says. */
export function openLineageSettings(
  env: Pick<Environment, 'get'>,
  file: {
    readonly to?: string | undefined
    readonly namespace?: string | undefined
    readonly sql: boolean
  },
  projectName: string,
): OpenLineageSettings {
  const settings = {
    to:
      env.get('OPENLINEAGE_URL') ??
      env.get('OPENLINEAGE__TRANSPORT__URL') ??
      env.get('OPENLINEAGE__TRANSPORT__LOG_FILE_PATH') ??
      file.to,
    endpoint:
      env.get('OPENLINEAGE_ENDPOINT') ??
      env.get('OPENLINEAGE__TRANSPORT__ENDPOINT') ??
      'api/v1/lineage',
    namespace: env.get('OPENLINEAGE_NAMESPACE') ?? file.namespace ?? projectName,
    sql: file.sql,
    isDisabled: /^(?:1|true)$/i.test(env.get('OPENLINEAGE_DISABLED') ?? ''),
  }
  const apiKey =
    env.get('OPENLINEAGE_API_KEY') ??
    env.get('OPENLINEAGE__TRANSPORT__AUTH__API_KEY') ??
    env.get('OPENLINEAGE__TRANSPORT__AUTH__APIKEY')
  return Object.defineProperty(
    settings as typeof settings & { apiKey: string | undefined },
    'apiKey',
    {
      value: apiKey,
      enumerable: false,
    },
  )
}
