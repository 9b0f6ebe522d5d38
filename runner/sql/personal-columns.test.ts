import { expect, test } from 'vitest'
import { lineageOf } from '../testing/lineage-of.ts'
import { inheritedDescription } from './inherited-description.ts'
import { personalColumns } from './personal-columns.ts'

const PEOPLE = {
  'seeds/people.csv': 'id,email,country\n1,a@example.com,NL\n',
  'seeds/people.yml':
    'seeds:\n  - name: people\n    columns:\n      - {name: id, description: Number of the person.}\n      - {name: email, description: Where we write to., meta: {pii: true}}\n',
}

async function personalOf(texts: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { manifest, lineage } = await lineageOf({ ...PEOPLE, ...texts })
  return [...personalColumns(manifest, lineage)].flatMap(([id, columns]) =>
    [...columns].map(([name, from]) => `${id}.${name} < ${from.node}.${from.column}`),
  )
}

test('what is copied or computed from personal data, at any distance, is personal data; a condition alone is not', async () => {
  const found = await personalOf({
    'models/contacts.sql': 'select id, email as address from {{ ref("people") }}',
    'models/domains.sql':
      "select split_part(address, '@', 2) as domain, count(*) as n, max(address) as one from {{ ref('contacts') }} where address is not null group by 1",
  })
  const origin = 'seed.shop.people.email'
  expect(found).toEqual([
    `${origin} < ${origin}`,
    `model.shop.contacts.address < ${origin}`,
    `model.shop.domains.domain < ${origin}`,
    `model.shop.domains.one < ${origin}`,
  ])
})

test('a column or a model that says it holds none ends it for all that follows', async () => {
  const found = await personalOf({
    'models/contacts.sql': 'select id, md5(email) as hashed, email from {{ ref("people") }}',
    'models/counted.sql': 'select hashed, count(*) as n from {{ ref("contacts") }} group by 1',
    'models/safe.sql': 'select email from {{ ref("people") }}',
    'models/m.yml':
      'models:\n  - name: contacts\n    columns:\n      - {name: hashed, meta: {personal_data: false}}\n  - name: safe\n    config: {meta: {personal_data: false}}\n',
  })
  expect(found.map((line) => line.split(' < ')[0])).toEqual([
    'seed.shop.people.email',
    'model.shop.contacts.email',
  ])
})

test('every column of a marked model is personal data, and of one that cannot be followed each may be', async () => {
  const found = await personalOf({
    'models/salaries.sql': 'select 1 as amount, 2 as bonus',
    'models/unclear.sql': 'select id as a, no_such_column as b from {{ ref("people") }}',
    'models/m.yml': 'models:\n  - name: salaries\n    config: {meta: {contains_pii: true}}\n',
  })
  expect(found.map((line) => line.split(' < ')[0]).sort()).toEqual([
    'model.shop.salaries.amount',
    'model.shop.salaries.bonus',
    'model.shop.unclear.a',
    'model.shop.unclear.b',
    'seed.shop.people.email',
  ])
})

test('a description is inherited along plain copies only, from the nearest column that has one', async () => {
  const { manifest, lineage } = await lineageOf({
    ...PEOPLE,
    'models/contacts.sql':
      'select id as person_id, email, id + 0 as computed from {{ ref("people") }}',
    'models/letters.sql':
      "select person_id, email, coalesce(email, 'none') as either from {{ ref('contacts') }} union all select 2, email, email from {{ ref('people') }}",
    'models/list.sql': 'select person_id from {{ ref("contacts") }}',
  })
  const inherited = (node: string, column: string) => {
    const id = [...manifest.nodes.keys()].find((one) => one === `model.shop.${node}`)
    if (id === undefined) throw new Error(`no ${node}`)
    const found = inheritedDescription({ node: id, column }, manifest, lineage)
    return found === undefined ? undefined : `${found.info.description} (${found.from.node})`
  }
  expect(inherited('contacts', 'person_id')).toBe('Number of the person. (seed.shop.people)')
  expect(inherited('list', 'person_id')).toBe('Number of the person. (seed.shop.people)')
  expect(inherited('contacts', 'computed')).toBeUndefined()
  // Of two copies nobody can say whose meaning the column has.
  expect(inherited('letters', 'email')).toBeUndefined()
  expect(inherited('letters', 'either')).toBeUndefined()
  expect(inherited('list', 'no_such')).toBeUndefined()
})
