/** What the adapter says in run_results.json of a node that was not built again: dbt 1.11 has no status for it. */
export const REUSED = 'REUSED'
