/**
 * The version of dbt whose words gm follows. Readers of artifacts decide by it how to read them, and packages by
 * `dbt_version` and `require-dbt-version` whether they run.
 */
export const VERSION_OF_DBT = '1.11.0'
