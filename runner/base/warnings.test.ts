import { expect, test } from 'vitest'
import { ALL_WARNINGS_FAIL, PLAIN_WARNINGS, ruleFor, warningNamed } from './warnings.ts'

test('a warning that no list names is a warning, and an error where all are', () => {
  expect(ruleFor('GM3001', PLAIN_WARNINGS)).toBe('warn')
  expect(ruleFor('GM3001', ALL_WARNINGS_FAIL)).toBe('error')
})

test('a name stands before all, and silence before either', () => {
  const rules = { error: 'all', warn: ['GM3001'], silence: ['GM1008'] } as const
  expect(ruleFor('GM3001', rules)).toBe('warn')
  expect(ruleFor('GM1008', rules)).toBe('silence')
  expect(ruleFor('GM2007', rules)).toBe('error')
  expect(ruleFor('GM1008', { error: ['GM1008'], warn: [], silence: ['GM1008'] })).toBe('silence')
})

test("a warning is named by gm's code and by dbt's word for the same", () => {
  expect(warningNamed('GM3001')).toBe('GM3001')
  expect(warningNamed('NoNodesForSelectionCriteria')).toBe('GM3001')
  expect(warningNamed('GM4001')).toBeUndefined()
})
