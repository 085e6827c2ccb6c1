-- What is known of the payments of an order, where `payment` and `payment_reference` do not say it all.
ALTER TABLE orders ADD COLUMN payments TEXT CHECK (payments IS NULL OR substr(payments, 1, 1) = '[');
-- Orders whose money a person must look after. They are few, and found without walking through all orders.
CREATE INDEX orders_money ON orders (id) WHERE payment IN ('refund_pending', 'part_refund_pending', 'disputed');
