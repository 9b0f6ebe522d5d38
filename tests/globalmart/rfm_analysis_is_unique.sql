-- One row for each analysis_date and user_id.
select
    scores.analysis_date,
    scores.user_id,
    count(*) as copies
from {{ ref('rfm_analysis') }} as scores
group by scores.analysis_date, scores.user_id
having count(*) > 1
