{{ toolbox.union_relations([ref('jobs'), ref('old_jobs')], column_override={'note': 'varchar(20)'}, source_column_name='came_from') }}
