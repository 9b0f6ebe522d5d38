select id, count(*) as versions from {{ ref("customers_by_time") }} group by id
