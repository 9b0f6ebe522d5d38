import type { Owner } from '../manifest/node.ts'
import type { Path } from '../project/explain-issues.ts'
import type { ExposureProperties, GroupProperties } from './properties.ts'
import type { RawExposure, RawGroup } from './properties-schema.ts'
import { readConfig } from './read-config.ts'
import type { Reading } from './reading.ts'

export function readExposure(raw: RawExposure, path: Path, reading: Reading): ExposureProperties {
  const { label, maturity, url } = raw
  return {
    name: raw.name,
    at: reading.placeOf([...path, 'name'], 'value'),
    description: raw.description ?? '',
    config: readConfig('exposure', raw, path, reading),
    type: raw.type,
    owner: raw.owner as Owner,
    ...(label !== undefined && { label }),
    ...(maturity !== undefined && { maturity }),
    ...(url !== undefined && { url }),
    dependsOn: raw.depends_on.map((text, i) => ({
      text,
      at: reading.placeOf([...path, 'depends_on', i], 'value'),
    })),
  }
}

export function readGroup(raw: RawGroup, path: Path, reading: Reading): GroupProperties {
  return {
    name: raw.name,
    at: reading.placeOf([...path, 'name'], 'value'),
    description: raw.description ?? '',
    owner: raw.owner as Owner,
  }
}
