-- All three names of a listing began with its shop. While the table was young and nobody had analysed it, the planner took one
-- index for as good as another, read the whole shop for each listing of an order, and a prepared statement kept that plan. What
-- tells listings apart comes first now, so only the right index fits.
drop index listing_seller_sku;
drop index listing_unit;
create index listing_seller_sku on listing (seller_sku, shop);
create index listing_unit on listing (unit, shop);
