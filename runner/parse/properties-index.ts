import { GmError } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { PropertiesFile, ResourceProperties } from './properties.ts'
import type { ProjectFile } from './read-files.ts'

export type DescribedKind = 'model' | 'seed' | 'snapshot'

/** One entry of a properties file with the file that it stands in. */
export interface PlacedProperties {
  readonly properties: ResourceProperties
  readonly from: ProjectFile
}

/** The entries of all properties files by the resource that they describe. */
export interface PropertiesIndex {
  /** The entry of a resource. */
  of(kind: DescribedKind, name: string): ResourceProperties | undefined
  all(): Iterable<readonly [kind: DescribedKind, placed: PlacedProperties]>
  /** GM2007 for each entry that describes nothing, so that a misspelt name never drops its tests in silence. */
  unused(known: ReadonlyMap<DescribedKind, ReadonlySet<string>>): GmError[]
}

const LISTS = { model: 'models', seed: 'seeds', snapshot: 'snapshots' } as const

/** @param errors takes GM2002 for a resource that is described twice. */
export function indexProperties(
  files: readonly { readonly from: ProjectFile; readonly properties: PropertiesFile }[],
  errors: GmError[],
): PropertiesIndex {
  const byKind: Record<DescribedKind, Map<string, PlacedProperties>> = {
    model: new Map(),
    seed: new Map(),
    snapshot: new Map(),
  }
  const kinds = Object.keys(byKind) as DescribedKind[]
  for (const { from, properties: file } of files) {
    for (const kind of kinds) {
      for (const properties of file[LISTS[kind]]) {
        const before = byKind[kind].get(properties.name)
        if (before === undefined) byKind[kind].set(properties.name, { properties, from })
        else {
          errors.push(
            new GmError('GM2002', `the ${kind} "${properties.name}" is described twice`, {
              at: properties.at,
              hint: `The other entry is ${formatLocation(before.properties.at)}. Make one of the two.`,
            }),
          )
        }
      }
    }
  }
  return {
    of: (kind, name) => byKind[kind].get(name)?.properties,
    *all() {
      for (const kind of kinds) {
        for (const placed of byKind[kind].values()) yield [kind, placed]
      }
    },
    unused(known) {
      return kinds.flatMap((kind) =>
        [...byKind[kind].values()].flatMap(({ properties: { name, at } }) => {
          if (known.get(kind)?.has(name) === true) return []
          return [
            new GmError('GM2007', `there is no ${kind} "${name}"`, {
              at,
              hint: hintFor(kind, name, known),
            }),
          ]
        }),
      )
    },
  }
}

function hintFor(
  kind: DescribedKind,
  name: string,
  known: ReadonlyMap<DescribedKind, ReadonlySet<string>>,
): string {
  const other = [...known].find(([, names]) => names.has(name))?.[0]
  if (other !== undefined) return `It is a ${other}: describe it under ${LISTS[other]}.`
  return didYouMean(name, known.get(kind) ?? []) ?? 'Correct the name, or remove the entry.'
}
