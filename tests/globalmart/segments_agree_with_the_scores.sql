-- Each of the 125 scores has the segment in whose bounds it lies.
select
    score.value as rfm_score,
    segment.segment_name
from (
    select 100 * r.digit + 10 * f.digit + m.digit as value
    from (values (1), (2), (3), (4), (5)) as r (digit)
    cross join (values (1), (2), (3), (4), (5)) as f (digit)
    cross join (values (1), (2), (3), (4), (5)) as m (digit)
) as score
left join {{ ref('segments') }} as segment
    on score.value between segment.lowest_score and segment.highest_score
where segment.segment_name is distinct from {{ rfm_segment('score.value') }}
