{{ toolbox.deduplicate(ref('jobs'), 'job_id', 'started_at desc') }}
