-- The type of an event, if it is one of those of which few are written: a sale, a hold or a push adds nothing to the
-- indexes.
ALTER TABLE event ADD COLUMN kind TEXT;
UPDATE event SET kind = data ->> '$.type' WHERE data ->> '$.type' IN ('stock.shortfall', 'stock.shortfall_cleared',
    'sku.changed', 'location.changed', 'api_key.changed', 'shop.changed', 'listing.changed', 'job.died', 'job.replayed',
    'job.discarded', 'notice.changed', 'queue.changed', 'user.changed');
CREATE INDEX event_kind ON event (kind, number) WHERE kind IS NOT NULL;
-- The same about one thing: a listing is told of each push, too.
CREATE INDEX event_holder_kind ON event (holder, kind, number) WHERE kind IS NOT NULL;
-- What somebody mapped: among the listings of a whole shop that was imported it would not be found. Inside of a text of
-- somebody's a quotation mark has a backslash before it.
CREATE INDEX event_mapping ON event (number) WHERE kind = 'listing.changed'
    AND (instr(data, '"step":"mapped"') > 0 OR instr(data, '"step":"unmapped"') > 0);
