-- Events by their type, for the types of which few are written: a sale, a hold or a push adds nothing to these. A query
-- finds one of them only when it names the type as a text, and not as a parameter.
create index event_kind on event (kind, number) where kind in ('stock.shortfall', 'stock.shortfall_cleared', 'sku.changed',
    'location.changed', 'api_key.changed', 'shop.changed', 'listing.changed', 'job.died', 'job.replayed', 'job.discarded',
    'notice.changed', 'queue.changed', 'user.changed');
-- The same about one thing: a listing is told of each push, too.
create index event_subject_kind on event (subject, kind, number) where kind in ('stock.shortfall', 'stock.shortfall_cleared',
    'sku.changed', 'location.changed', 'api_key.changed', 'shop.changed', 'listing.changed', 'job.died', 'job.replayed',
    'job.discarded', 'notice.changed', 'queue.changed', 'user.changed');
-- What somebody mapped: among the listings of a whole shop that was imported it would not be found. Inside of a text of
-- somebody's a quotation mark has a backslash before it.
create index event_mapping on event (number) where kind = 'listing.changed'
    and (strpos(data, '"step":"mapped"') > 0 or strpos(data, '"step":"unmapped"') > 0);
