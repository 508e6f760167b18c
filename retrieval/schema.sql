-- One row per file on disk. Paths are the system's bytes: a name need not be valid text.
CREATE TABLE files (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused
    path        BLOB NOT NULL UNIQUE,
    size        INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    device      INTEGER NOT NULL,                   -- st_dev: tells a deleted file from an unmounted drive
    dated       TEXT NOT NULL,                      -- taken (EXIF) or else modified, 2024-05-01T12:30:00
    content_id  INTEGER REFERENCES contents (id),
    error_code  TEXT,                               -- why it could not be read
    error_zh    TEXT,
    error_en    TEXT,
    name        BLOB NOT NULL DEFAULT x'',          -- the last part of the path, to sort by
    CHECK ((content_id IS NULL) <> (error_code IS NULL))
);
CREATE INDEX files_by_content ON files (content_id);
CREATE INDEX files_by_date ON files (dated) WHERE content_id IS NOT NULL;
CREATE INDEX files_by_name ON files (name) WHERE content_id IS NOT NULL;
CREATE INDEX files_by_size ON files (size) WHERE content_id IS NOT NULL;

-- One row per distinct content, however many files hold it.
CREATE TABLE contents (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256  BLOB NOT NULL UNIQUE,
    format  TEXT NOT NULL,
    width   INTEGER NOT NULL,                       -- px, upright
    height  INTEGER NOT NULL,
    colours INTEGER,                                -- bits of colours.py; NULL: not looked at
    text    TEXT,                                   -- read by OCR; '' has none, NULL: not read
    taken   TEXT                                    -- EXIF, 2024-05-01T12:30:00
);

-- One row per embedder that ever filled this library.
CREATE TABLE generations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    revision   TEXT NOT NULL,
    dimension  INTEGER NOT NULL,
    next_slot  INTEGER NOT NULL DEFAULT 0,
    UNIQUE (name, revision, dimension)
);

CREATE TABLE vectors (
    generation_id  INTEGER NOT NULL REFERENCES generations (id),
    slot           INTEGER NOT NULL,
    content_id     INTEGER NOT NULL REFERENCES contents (id),
    PRIMARY KEY (generation_id, slot),
    UNIQUE (generation_id, content_id)
) WITHOUT ROWID;

-- What was appended in one write, to notice bytes that changed since.
CREATE TABLE batches (
    generation_id  INTEGER NOT NULL REFERENCES generations (id),
    first_slot     INTEGER NOT NULL,
    rows           INTEGER NOT NULL,
    crc32          INTEGER NOT NULL,
    PRIMARY KEY (generation_id, first_slot)
) WITHOUT ROWID;

CREATE TABLE folders (path BLOB PRIMARY KEY) WITHOUT ROWID;
