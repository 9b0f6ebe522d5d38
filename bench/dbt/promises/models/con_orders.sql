select status, order_id {%- if var('wide') %}, 1 as more {%- endif %} from {{ ref('sales') }}
