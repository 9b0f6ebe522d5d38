{{ config(alias='branches') }}
select "Branch" as branch, town, opened_on, is_open from {{ ref('branches') }}
