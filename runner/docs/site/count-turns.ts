/**
 * How often the verdict of a test turned between good and bad, by the statuses of its last runs. What was not decided
 * (skipped, cancelled) tells nothing.
 */
export function countTurns(statuses: readonly string[]): number {
  const verdicts = statuses.flatMap((status) =>
    status === 'skipped' || status === 'cancelled' ? [] : [status === 'pass'],
  )
  return verdicts.filter((isGood, i) => i > 0 && isGood !== verdicts[i - 1]).length
}
