delete from feed.order_lines where line_id >= 8;
