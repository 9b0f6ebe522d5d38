-- Versions follow each other without overlap or gap, and the last alone is current.
{{ broken_history(ref('dim_category'), 'category') }}
