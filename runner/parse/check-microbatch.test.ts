import { expect, test } from 'vitest'
import { gmErrorsOf } from '../base/error.ts'
import { parseTexts } from '../testing/memory-project.ts'

function problems(config: string): readonly string[] {
  try {
    parseTexts({ 'models/daily.sql': `{{ config(${config}) }} select now() as at` })
  } catch (error) {
    return (gmErrorsOf(error) ?? []).map(({ message }) => message)
  }
  return []
}

const MICROBATCH = "materialized='incremental', incremental_strategy='microbatch'"

test('A microbatch model must say its time, the length of its batches and where they begin', () => {
  expect(problems(MICROBATCH)).toEqual([
    'the microbatch model "daily" has no event_time',
    'the microbatch model "daily" has no batch_size',
    'the microbatch model "daily" has no begin',
  ])
  expect(
    problems(`${MICROBATCH}, event_time='at', batch_size='day', begin='2024-01-01T06:00'`),
  ).toEqual([])
})

test('A beginning that is no day of the calendar is refused', () => {
  const given = `${MICROBATCH}, event_time='at', batch_size='day'`
  expect(problems(`${given}, begin='2024-02-30'`)).toEqual([
    '"begin" must be a day of the calendar, not "2024-02-30"',
  ])
  expect(problems(`${given}, begin='yesterday'`)[0]).toContain('a day such as 2026-01-31')
})

test('Models of other strategies need none of this', () => {
  expect(problems("materialized='incremental', event_time='at'")).toEqual([])
})
