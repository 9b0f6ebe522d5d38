-- A line of no copies: one model divides by it, and a test of another fails.
insert into feed.order_lines values (8, 106, 12, 0), (9, 106, 10, 9), (10, 999, 10, 1);
update feed.orders set status = 'odd', updated_at = '2024-01-06 10:00' where id = 106;
insert into feed.reviews values (5, 11, 6, 9, 'Nine'), (6, 11, 6, 0, 'None');
