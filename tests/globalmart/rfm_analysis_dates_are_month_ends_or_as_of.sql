-- A day that is neither as_of nor the end of a closed month leaves no trace.
select distinct scores.analysis_date
from {{ ref('rfm_analysis') }} as scores
cross join {{ ref('as_of') }} as as_of
where scores.analysis_date > as_of.as_of_date
    or (scores.analysis_date < as_of.as_of_date and scores.analysis_date <> {{ month_end('scores.analysis_date') }})
