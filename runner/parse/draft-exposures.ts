import { hash } from 'node:crypto'
import { GmError } from '../base/error.ts'
import type { Group } from '../manifest/node.ts'
import { nodeId } from '../manifest/node.ts'
import type { Draft, Parsing } from './draft.ts'
import { fqnBelow } from './fqn-below.ts'
import { inputOfArgument } from './generic-test.ts'
import type { ExposureProperties, PropertiesFile } from './properties.ts'
import type { ProjectFile } from './read-files.ts'

interface DescribedFile {
  readonly from: ProjectFile
  readonly properties: PropertiesFile
}

/** One node for each exposure, in the order of files. */
export function draftExposures(parsing: Parsing, files: readonly DescribedFile[]): Draft[] {
  return files.flatMap(({ from, properties }) =>
    properties.exposures.map((exposure) => draftExposure(parsing, exposure, from)),
  )
}

function draftExposure(parsing: Parsing, exposure: ExposureProperties, from: ProjectFile): Draft {
  const { name, at, description, type, owner, label, maturity, url } = exposure
  const fqn = fqnBelow(from, name)
  const config = parsing.levels.merge('exposure', from.package, fqn, [exposure.config])
  const inputs = exposure.dependsOn.flatMap((one) => {
    const input = inputOfArgument(one.text, one.at)
    if (input !== undefined) return [input]
    parsing.errors.push(
      new GmError('GM2008', `"${one.text}" is neither ref() nor source()`, {
        at: one.at,
        hint: "Write ref('model') or source('source', 'table').",
      }),
    )
    return []
  })
  return {
    node: {
      kind: 'exposure',
      id: nodeId('exposure', from.package, name),
      name,
      package: from.package,
      at,
      fqn,
      description,
      columns: new Map(),
      config,
      writtenConfig: config,
      describedIn: from.file,
      checksum: hash('sha256', JSON.stringify({ ...exposure, at: undefined })),
      dependsOn: [],
      exposureType: type,
      owner,
      ...(label !== undefined && { label }),
      ...(maturity !== undefined && { maturity }),
      ...(url !== undefined && { url }),
      refs: [],
      sources: [],
    },
    inputs,
  }
}

/** The groups of all properties files, by name. @param errors takes GM2002 for two of one name. */
export function readGroups(
  files: readonly DescribedFile[],
  errors: GmError[],
): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>()
  for (const { from, properties } of files) {
    for (const group of properties.groups) {
      const before = groups.get(group.name)
      if (before === undefined) groups.set(group.name, { ...group, package: from.package })
      else {
        errors.push(
          new GmError('GM2002', `there are two groups of the name "${group.name}"`, {
            at: group.at,
            hint: `The other is at ${before.at.file}:${before.at.line}. Make one of the two.`,
          }),
        )
      }
    }
  }
  return groups
}
