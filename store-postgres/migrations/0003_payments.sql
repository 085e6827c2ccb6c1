-- What is known of the payments of an order, where `payment` and `payment_reference` do not say it all.
alter table orders add column payments text check (left(payments, 1) = '[');
alter table orders drop constraint orders_payment_check;
alter table orders add constraint orders_payment_check check (payment in
    ('none', 'pending', 'authorised', 'paid', 'failed', 'canceled', 'refund_pending', 'part_refund_pending',
     'part_refunded', 'refunded', 'disputed'));
-- Orders whose money a person must look after. They are few, and found without walking through all orders.
create index orders_money on orders (id) where payment in ('refund_pending', 'part_refund_pending', 'disputed');
