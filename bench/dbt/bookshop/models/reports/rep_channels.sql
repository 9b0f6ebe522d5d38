select * from {{ ref('int_channels_wide') }}
