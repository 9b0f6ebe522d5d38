import { GmError } from '../base/error.ts'
import { nodeId } from '../manifest/node.ts'
import type { Parsing, SourceDraft } from './draft.ts'
import { columnsOf } from './draft-resources.ts'
import { fqnBelow } from './fqn-below.ts'
import type { PropertiesFile, ResourceProperties, SourceProperties } from './properties.ts'
import type { ProjectFile } from './read-files.ts'

/** A source's node with its entry, whose tests are drafted later. */
export interface DescribedSource {
  readonly draft: SourceDraft
  readonly properties: ResourceProperties
  readonly from: ProjectFile
}

/** One node for each table of each source, in the order of files. */
export function draftSources(
  parsing: Parsing,
  files: readonly { readonly from: ProjectFile; readonly properties: PropertiesFile }[],
): DescribedSource[] {
  const { levels } = parsing
  const found: DescribedSource[] = []
  for (const { from, properties: file } of files) {
    for (const source of file.sources) {
      refuseOtherDatabase(source, parsing)
      for (const table of source.tables) {
        const fqn = fqnBelow(from, source.name, table.name)
        const given = [source.config, table.config]
        found.push({
          properties: table,
          from,
          draft: {
            node: {
              kind: 'source',
              id: nodeId('source', from.package, source.name, table.name),
              name: table.name,
              sourceName: source.name,
              package: from.package,
              at: table.at,
              fqn,
              description: table.description,
              columns: columnsOf(table.columns),
              config: levels.merge('source', from.package, fqn, given),
              writtenConfig: levels.mergeWritten('source', from.package, fqn, given),
              describedIn: from.file,
              checksum: from.checksum,
              dependsOn: [],
              // A source is somebody else's table: its name is never shortened or changed.
              relation: { schema: source.schema, identifier: table.identifier },
              ...(source.unrenderedSchema !== undefined && {
                unrenderedSchema: source.unrenderedSchema,
              }),
            },
            inputs: [],
          },
        })
      }
    }
  }
  return found
}

/** One connection reaches one database. */
function refuseOtherDatabase(
  { name, database }: SourceProperties,
  { project, errors }: Parsing,
): void {
  if (database === undefined || database.name === project.target.database) return
  errors.push(
    new GmError('GM1008', `the source "${name}" is in another database, "${database.name}"`, {
      at: database.at,
      hint: `The target's database is "${project.target.database}"; bring the tables into it, with a foreign data wrapper for instance.`,
    }),
  )
}
