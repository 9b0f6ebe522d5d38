import type { GeneratedEvent } from './send-events.ts'

/** Lines by what is special about them; one line may be late and spoilt. */
export interface GeneratedCounts {
  lines: number
  duplicates: number
  late: number
  disordered: number
  badJson: number
  missingField: number
  blankField: number
}

export function noCounts(): GeneratedCounts {
  return {
    lines: 0,
    duplicates: 0,
    late: 0,
    disordered: 0,
    badJson: 0,
    missingField: 0,
    blankField: 0,
  }
}

/** Adds one event to the counts. */
export function countEvent(
  counts: GeneratedCounts,
  { isDuplicate, delay, flaw }: GeneratedEvent,
): void {
  counts.lines += 1
  if (isDuplicate) counts.duplicates += 1
  if (delay === 'late') counts.late += 1
  if (delay === 'disordered') counts.disordered += 1
  if (flaw === 'bad_json') counts.badJson += 1
  if (flaw === 'missing_field') counts.missingField += 1
  if (flaw === 'blank_field') counts.blankField += 1
}
