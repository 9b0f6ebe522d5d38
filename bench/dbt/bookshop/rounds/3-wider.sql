-- The models get columns in this round; a customer comes back, a stock line too.
insert into feed.customers values (5, 'Eve Fox', 'eve@example.org', 'Lund', '2024-01-05 12:00');
insert into feed.books values (16, 'New Bridges', '02', 1500, 3, '2024-01-05');
update feed.books set title = 'Trains at Night', updated_at = '2024-01-05' where book_id = 15;
insert into feed.stock values (11, 1, '2024-01-05', 3);
insert into feed.visit_log values (6, 5, 'books', '2024-01-05 08:00');
