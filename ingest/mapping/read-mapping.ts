import { readFile } from 'node:fs/promises'
import { GmError, throwAll } from '../../runner/base/error.ts'
import { didYouMean } from '../../runner/base/nearest.ts'
import { TOPICS } from '../topics/registry.ts'
import type { PlaceOf } from '../yaml/read-placed-yaml.ts'
import { readPlacedYaml } from '../yaml/read-placed-yaml.ts'
import { MappingFile } from './mapping-schema.ts'

/** Reads a mapping file. @throws GmError GM7002 for every mistake in it, with its place. */
export async function readMapping(path: string): Promise<MappingFile> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new GmError('GM7002', `The mapping ${path} cannot be read.`, {
      hint: 'Give the path of a YAML file; the one for UCI is ingest/mappings/online-retail.yml.',
      cause,
    })
  }
  return parseMapping(text, path)
}

/** @param file name of the mapping in errors. @throws GmError GM7002 */
export function parseMapping(text: string, file: string): MappingFile {
  const { value, placeOf } = readPlacedYaml(text, file, MappingFile, { code: 'GM7002', keys: KEYS })
  throwAll(checkNames(value, placeOf))
  return value
}

const KEYS = [
  ...['topic', 'delimiter', 'reject', 'fields', 'column', 'constant', 'transforms', 'cases'],
  ...['when', 'otherwise', 'amount', 'multiply', 'subtract', 'scale', 'equals', 'starts_with'],
  ...['matches', 'blank', 'because', 'decimal', 'timestamp'],
]

/** Topics and fields that do not exist, and amounts of fields that do not come before them. */
function checkNames(mapping: MappingFile, placeOf: PlaceOf): GmError[] {
  const topic = TOPICS.find((candidate) => candidate.name === mapping.topic)
  if (topic === undefined) {
    const names = TOPICS.map((candidate) => candidate.name)
    const hint = didYouMean(mapping.topic, names) ?? `The topics are ${names.join(', ')}.`
    const at = placeOf(['topic'])
    return [new GmError('GM7002', `There is no topic "${mapping.topic}".`, { at, hint })]
  }
  const errors: GmError[] = []
  const known = Object.keys(topic.event.shape)
  const earlier = new Set<string>()
  for (const [name, field] of Object.entries(mapping.fields)) {
    if (!known.includes(name)) {
      const message = `Events of ${topic.name} have no field "${name}".`
      const at = placeOf(['fields'], name)
      const hint = didYouMean(name, known) ?? `The fields are ${known.join(', ')}.`
      errors.push(new GmError('GM7002', message, { at, hint }))
    }
    if ('amount' in field) {
      const { multiply, subtract } = field.amount
      for (const part of subtract === undefined ? multiply : [...multiply, subtract]) {
        if (earlier.has(part)) continue
        const message = `The amount needs "${part}", which is not mapped above it.`
        const at = placeOf(['fields'], name)
        errors.push(new GmError('GM7002', message, { at, hint: didYouMean(part, earlier) }))
      }
    }
    earlier.add(name)
  }
  for (const [i, { matches }] of mapping.reject.entries()) {
    if (matches !== undefined && !isPattern(matches)) {
      const at = placeOf(['reject', i, 'matches'])
      errors.push(new GmError('GM7002', `"${matches}" is no regular expression.`, { at }))
    }
  }
  return errors
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}
