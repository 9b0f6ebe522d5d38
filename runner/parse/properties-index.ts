import { GmError } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { PropertiesFile, ResourceProperties, VersionProperties } from './properties.ts'
import type { ProjectFile } from './read-files.ts'

export type DescribedKind = 'model' | 'seed' | 'snapshot' | 'analysis' | 'test'

/** One entry of a properties file with the file that it stands in. */
export interface PlacedProperties {
  readonly properties: ResourceProperties
  readonly from: ProjectFile
}

/** The entries of all properties files by the resource that they describe. */
export interface PropertiesIndex {
  /** The entry of a resource of a package. */
  of(kind: DescribedKind, owner: string, name: string): ResourceProperties | undefined
  /** The version of a model that a file defines, by the file's name without its ending. */
  versionIn(owner: string, stem: string): VersionProperties | undefined
  all(): Iterable<readonly [kind: DescribedKind, placed: PlacedProperties]>
  /**
   * GM2007 for each entry that describes nothing, so that a misspelt name never drops its tests in silence.
   * @param known `package.name` of what the files hold.
   */
  unused(known: ReadonlyMap<DescribedKind, ReadonlySet<string>>): GmError[]
}

const LISTS = {
  model: 'models',
  seed: 'seeds',
  snapshot: 'snapshots',
  analysis: 'analyses',
  test: 'dataTests',
} as const

/** @param errors takes GM2002 for a resource that is described twice. */
export function indexProperties(
  files: readonly { readonly from: ProjectFile; readonly properties: PropertiesFile }[],
  errors: GmError[],
): PropertiesIndex {
  const byKind: Record<DescribedKind, Map<string, PlacedProperties>> = {
    model: new Map(),
    seed: new Map(),
    snapshot: new Map(),
    analysis: new Map(),
    test: new Map(),
  }
  const versions = new Map<string, VersionProperties>()
  const kinds = Object.keys(byKind) as DescribedKind[]
  for (const { from, properties: file } of files) {
    for (const kind of kinds) {
      for (const properties of file[LISTS[kind]]) {
        const key = `${from.package}.${properties.name}`
        const before = byKind[kind].get(key)
        if (before === undefined) {
          byKind[kind].set(key, { properties, from })
          for (const version of properties.versions ?? []) {
            for (const stem of stemsOf(version)) versions.set(`${from.package}.${stem}`, version)
          }
        } else {
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
    of: (kind, owner, name) => byKind[kind].get(`${owner}.${name}`)?.properties,
    versionIn: (owner, stem) => versions.get(`${owner}.${stem}`),
    *all() {
      for (const kind of kinds) {
        for (const placed of byKind[kind].values()) yield [kind, placed]
      }
    },
    unused(known) {
      return kinds.flatMap((kind) =>
        [...byKind[kind].values()].flatMap(({ properties, from }) => {
          const { name, at } = properties
          const isKnown = (stem: string) => known.get(kind)?.has(`${from.package}.${stem}`) === true
          if (properties.versions !== undefined) {
            return properties.versions.flatMap((version) =>
              stemsOf(version).some(isKnown) ? [] : [noFile(version)],
            )
          }
          if (isKnown(name)) return []
          return [
            new GmError('GM2007', `there is no ${kind} "${name}"`, {
              at,
              hint: hintFor(kind, name, from.package, known),
            }),
          ]
        }),
      )
    },
  }
}

/** Names that the file of a version may have, without the ending. */
function stemsOf({ name, version, definedIn }: VersionProperties): string[] {
  return definedIn === undefined ? [`${name}_v${version}`, `${name}.v${version}`] : [definedIn]
}

function noFile(version: VersionProperties): GmError {
  const [first = ''] = stemsOf(version)
  return new GmError('GM2007', `no file defines version ${version.version} of "${version.name}"`, {
    at: version.at,
    hint: `Add ${first}.sql, or name the file with defined_in.`,
  })
}

function hintFor(
  kind: DescribedKind,
  name: string,
  owner: string,
  known: ReadonlyMap<DescribedKind, ReadonlySet<string>>,
): string {
  const other = [...known].find(([, names]) => names.has(`${owner}.${name}`))?.[0]
  if (other !== undefined) {
    const list = other === 'test' ? 'data_tests' : LISTS[other]
    return `It is ${other === 'analysis' ? 'an' : 'a'} ${other}: describe it under ${list}.`
  }
  const names = [...(known.get(kind) ?? [])].flatMap((key) =>
    key.startsWith(`${owner}.`) ? [key.slice(owner.length + 1)] : [],
  )
  return didYouMean(name, names) ?? 'Correct the name, or remove the entry.'
}
