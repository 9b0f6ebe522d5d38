-- New rows, changed rows, and a row that is gone.
insert into feed.customers values (6, 'Flo Gray', 'flo@example.org', 'Lund', '2024-01-03 08:00');
update feed.customers set city = 'Ystad', updated_at = '2024-01-03 09:00' where id = 1;
update feed.customers set city = 'Nowhere' where id = 3; -- without a new updated_at: timestamp misses it, check sees it
delete from feed.customers where id = 5;
update feed.books set price_cents = 1300, updated_at = '2024-01-03' where book_id = 10;
delete from feed.books where book_id = 14;
insert into feed.orders values
    (105, 6, '2024-01-03 10:00', 'placed', 'web', '2024-01-03 10:00'),
    (106, 1, '2024-01-03 11:00', 'placed', 'shop', '2024-01-03 11:00');
update feed.orders set status = 'done', channel = 'phone', updated_at = '2024-01-03 12:00' where id = 100;
insert into feed.order_lines values (6, 105, 11, 1), (7, 106, 13, 4);
insert into feed.visit_log values (4, 6, 'home', '2024-01-03 06:00'), (5, 1, 'home', '2024-01-02 23:00');
update feed.stock set copies = 4, counted_on = '2024-01-02' where book_id = 10 and branch = 1;
delete from feed.stock where book_id = 11;
insert into feed.stock values (12, 3, '2024-01-02', 9);
update feed.suppliers set supplier = 'East Print' where supplier_id = 3;
