/** PostgreSQL's own aggregates; the grammar does not tell `sum(x)` from `abs(x)`. A test compares with pg_proc. */
export const AGGREGATES: ReadonlySet<string> = new Set(
  `any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp cume_dist dense_rank
  every json_agg json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique
  json_object_agg_unique_strict jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict
  jsonb_object_agg_unique jsonb_object_agg_unique_strict max min mode percent_rank percentile_cont percentile_disc
  range_agg range_intersect_agg rank regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
  regr_syy stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance xmlagg`.split(
    /\s+/,
  ),
)

/** Columns of PostgreSQL's functions with OUT arguments that queries read from; a test compares with pg_proc. */
export const FUNCTION_COLUMNS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    aclexplode: 'grantor grantee privilege_type is_grantable',
    json_array_elements: 'value',
    json_array_elements_text: 'value',
    json_each: 'key value',
    json_each_text: 'key value',
    jsonb_array_elements: 'value',
    jsonb_array_elements_text: 'value',
    jsonb_each: 'key value',
    jsonb_each_text: 'key value',
    pg_get_keywords: 'word catcode barelabel catdesc baredesc',
    pg_input_error_info: 'message detail hint sql_error_code',
    pg_partition_ancestors: 'relid',
    pg_partition_tree: 'relid parentrelid isleaf level',
    pg_timezone_names: 'name abbrev utc_offset is_dst',
    ts_debug: 'alias description token dictionaries dictionary lexemes',
    ts_parse: 'tokid token',
    ts_stat: 'word ndoc nentry',
    ts_token_type: 'tokid alias description',
  }).map(([name, columns]) => [name, columns.split(' ')]),
)

/** Functions of PostgreSQL that give rows of one value; a test compares with pg_proc. */
export const ROWS_OF_ONE_VALUE: ReadonlySet<string> = new Set(
  `generate_series generate_subscripts json_object_keys jsonb_object_keys jsonb_path_query jsonb_path_query_tz
  pg_listening_channels pg_ls_dir pg_snapshot_xip regexp_matches regexp_split_to_table string_to_table`.split(
    /\s+/,
  ),
)

/** Functions whose row type is that of their first argument. */
export const ROWS_OF_FIRST_ARGUMENT: ReadonlySet<string> = new Set([
  'json_populate_record',
  'json_populate_recordset',
  'jsonb_populate_record',
  'jsonb_populate_recordset',
])
