-- Version 2: how each sync stands between its runs.

CREATE TABLE sync (sync TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;

