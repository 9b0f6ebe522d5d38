import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import type { Calendar, CategoryAttributes, CountryAttributes, SeedRow } from './dimensions.ts'
import { readMoment } from './moment.ts'

/** The seeds of a project, as data. */
export function readSeeds(root: string): {
  readonly countries: readonly SeedRow<CountryAttributes>[]
  readonly categories: readonly SeedRow<CategoryAttributes>[]
  readonly calendarRules: Pick<Calendar, 'fiscalYearStartMonth' | 'weekendDays'>
} {
  const rules = readCsv(root, 'calendar_rules')
  const valuesOf = (name: string): number[] =>
    rules.filter(({ rule }) => rule === name).map(({ value }) => Number(value))
  return {
    countries: readCsv(root, 'countries').map((row) => ({
      id: row['country'] ?? '',
      validFrom: readMoment(row['valid_from'] ?? '') ?? 0,
      attributes: [row['region'] || null, row['currency'] || null],
    })),
    categories: readCsv(root, 'categories').map((row) => ({
      id: row['category'] ?? '',
      validFrom: readMoment(row['valid_from'] ?? '') ?? 0,
      attributes: [row['parent_category'] || null],
    })),
    calendarRules: {
      fiscalYearStartMonth: valuesOf('fiscal_year_start_month')[0] ?? 1,
      weekendDays: valuesOf('weekend_day'),
    },
  }
}

function readCsv(root: string, name: string): Record<string, string>[] {
  const text = readFileSync(join(root, `seeds/globalmart/${name}.csv`), 'utf8')
  return parse(text, { columns: true })
}
