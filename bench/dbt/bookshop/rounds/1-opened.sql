-- The shop's first days.
drop schema if exists feed cascade;
create schema feed;
do $$ begin
  if not exists (select from pg_roles where rolname = 'bookshop_reader') then create role bookshop_reader; end if;
  if not exists (select from pg_roles where rolname = 'bookshop_writer') then create role bookshop_writer; end if;
end $$;

create table feed.customers (id int primary key, name text, email text, city text, updated_at timestamp,
    loaded_at timestamptz default now());
insert into feed.customers values
    (1, ' Ada Berg', 'ADA@example.org', 'Lund', '2024-01-01 08:00'),
    (2, 'Bo Cruz', null, 'Ystad', '2024-01-01 09:00'),
    (3, 'Cy O''Hara ', 'cy@example.org', 'Malmö', '2024-01-01 10:00'),
    (4, 'Di Ek', null, 'Lund', '2024-01-01 11:00'),
    (5, 'Eve Fox', 'eve@example.org', null, '2024-01-01 12:00');

create table feed.books (book_id int, title text, genre_code text, price_cents int, supplier_id int, updated_at timestamp,
    loaded_at timestamptz default now() - interval '30 minutes');
insert into feed.books values
    (10, 'The Sea', '01', 1250, 1, '2024-01-01'),
    (11, 'A Long Winter', '02', 999, 1, '2024-01-01'),
    (12, 'Bread & Butter', '0X', 2000, 2, '2024-01-01'),
    (13, 'Old Maps', '003', 3333, 2, '2024-01-01'),
    (14, 'Nothing', '09', 505, null, '2024-01-01'),
    (15, 'Trains', '003', 1, 3, '2024-01-01');

create table feed.orders (id int, customer_id int, ordered_at timestamp, status text, channel text, updated_at timestamp,
    loaded_at timestamp default (now() at time zone 'UTC') - interval '20 hours');
insert into feed.orders values
    (100, 1, '2024-01-01 10:00', 'placed', 'shop', '2024-01-01 10:00'),
    (101, 2, '2024-01-01 11:00', 'sent', 'web', '2024-01-01 12:00'),
    (102, 1, '2024-01-02 09:30', 'done', 'web', '2024-01-02 10:00'),
    (103, 9, '2024-01-02 10:00', 'lost', 'phone', '2024-01-02 10:00'),
    (104, 3, '2024-01-02 12:00', 'placed', 'post', '2024-01-02 12:00');

create table feed.order_lines (line_id int, order_id int, book_id int, copies int, loaded_at timestamptz default now());
insert into feed.order_lines values (1, 100, 10, 1), (2, 100, 11, 2), (3, 101, 12, 1), (4, 102, 10, 3), (5, 103, 15, 1);

create table feed.reviews (review_id int, book_id int, customer_id int, stars int, words text);
insert into feed.reviews values (1, 10, 1, 5, 'Good'), (2, 10, 2, 3, ' '), (3, 12, 1, 7, null), (4, 13, 3, 1, 'No');

create table feed.visit_log (visit_id int, customer_id int, page text, at timestamp,
    loaded_at timestamptz default now() - interval '5 days');
insert into feed.visit_log values
    (1, 1, 'home', '2024-01-01 07:00'), (2, 1, 'books', '2024-01-01 07:05'), (3, 2, 'home', '2024-01-02 08:00');

create table feed.stock (book_id int, branch int, counted_on date, copies int, loaded_at timestamptz default now());
insert into feed.stock values (10, 1, '2024-01-01', 5), (10, 2, '2024-01-01', 2), (11, 1, '2024-01-01', 0);

create table feed.suppliers (supplier_id int, supplier text);
insert into feed.suppliers values (1, 'North Press'), (2, 'South Press'), (3, 'East Press');
