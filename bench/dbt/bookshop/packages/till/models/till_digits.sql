select {{ var('digits') }} as digits, '{{ this.name }}' as made_in
