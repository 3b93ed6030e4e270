-- Version 1. Columns are what rows are found by; `body` is the rest of the row as JSON, encoded records are blobs.
-- Text compares byte by byte (BINARY), which is the order of Rust strings; kinds are their plural words.

CREATE TABLE schema (version INTEGER PRIMARY KEY, written_by TEXT NOT NULL) STRICT;

-- The newest token of each component; it only grows.
CREATE TABLE component (id TEXT PRIMARY KEY, token INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE account (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;

CREATE TABLE stream (
    account TEXT NOT NULL, kind TEXT NOT NULL, collection TEXT NOT NULL, options INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (account, kind, collection, options)
) STRICT;

-- Ids of collections are long at some providers and stand in every sighting and link: they are stored once.
CREATE TABLE place (id INTEGER PRIMARY KEY, account TEXT NOT NULL, collection TEXT NOT NULL, UNIQUE (account, collection)) STRICT;
CREATE INDEX place_collection ON place (collection);

-- Narrow, so that a round that only names items rewrites little; what else is known lies in seen_body.
CREATE TABLE seen (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL, kind TEXT NOT NULL, item TEXT NOT NULL,
    epoch INTEGER NOT NULL, changed INTEGER NOT NULL,
    UNIQUE (place, kind, item)
) STRICT;
CREATE TABLE seen_body (seen INTEGER PRIMARY KEY, keys TEXT NOT NULL, body TEXT NOT NULL, record BLOB) STRICT;
CREATE TABLE seen_key (key TEXT NOT NULL, kind TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (key, kind, seen)) STRICT, WITHOUT ROWID;

CREATE TABLE link (
    id TEXT PRIMARY KEY,
    sync TEXT NOT NULL, state TEXT NOT NULL, claims INTEGER NOT NULL, again INTEGER NOT NULL,
    hub INTEGER NOT NULL, hub_item TEXT, far INTEGER NOT NULL, far_item TEXT,
    body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX link_hub ON link (sync, hub_item) WHERE claims = 1 AND hub_item IS NOT NULL;
CREATE UNIQUE INDEX link_far ON link (sync, far, far_item) WHERE claims = 1 AND far_item IS NOT NULL;
-- Ids of links are random, so that every index ordered by them costs a page per link: there is one beside the key, and
-- it has all that a query asks for.
CREATE INDEX link_sync ON link (sync, id, state, again, hub, far);
CREATE INDEX link_again ON link (sync, id) WHERE again = 1;
-- To count; entries of one collection and state are appended.
CREATE INDEX link_at_hub ON link (sync, hub, state);
CREATE INDEX link_at_far ON link (sync, far, state);

CREATE TABLE base (link TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;

CREATE TABLE stamps (account TEXT NOT NULL, kind TEXT NOT NULL, item TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (account, kind, item)) STRICT;

-- `place` grows with every intent and is never given twice: the oldest come first, and stay there when written again.
CREATE TABLE intent (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, sync TEXT NOT NULL,
    before BLOB, target BLOB, body TEXT NOT NULL
) STRICT;
CREATE INDEX intent_sync ON intent (sync);

CREATE TABLE step (
    run INTEGER NOT NULL, step INTEGER NOT NULL, sync TEXT NOT NULL, done TEXT, body TEXT NOT NULL,
    PRIMARY KEY (run, step)
) STRICT;
CREATE INDEX step_sync ON step (sync);

CREATE TABLE run (run INTEGER PRIMARY KEY, sync TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX run_sync ON run (sync);

CREATE TABLE progress (
    sync TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, collection TEXT NOT NULL, options INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (sync, account, kind, collection, options)
) STRICT;

CREATE TABLE tombstone (id INTEGER PRIMARY KEY, sync TEXT NOT NULL, link TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (sync, link)) STRICT;
-- The hashed keys and the two items of each tombstone.
CREATE TABLE tombstone_key (sync TEXT NOT NULL, key TEXT NOT NULL, tombstone INTEGER NOT NULL, PRIMARY KEY (sync, key, tombstone)) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_key_of ON tombstone_key (tombstone);

CREATE TABLE journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL, sync TEXT NOT NULL, hub_item TEXT, far_item TEXT,
    before BLOB, body TEXT NOT NULL
) STRICT;
CREATE INDEX journal_run ON journal (run);
CREATE INDEX journal_sync ON journal (sync);
CREATE INDEX journal_hub ON journal (hub_item) WHERE hub_item IS NOT NULL;
CREATE INDEX journal_far ON journal (far_item) WHERE far_item IS NOT NULL;

CREATE TABLE approval (id TEXT PRIMARY KEY, sync TEXT NOT NULL, used INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX approval_sync ON approval (sync, used, id);

CREATE TABLE quarantine (
    sync TEXT NOT NULL, side TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, collection TEXT NOT NULL, item TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (sync, side, account, kind, collection, item)
) STRICT;
