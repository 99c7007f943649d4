"""What the service's own file holds, as the steps from one version to the next."""

from __future__ import annotations

STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE secret (only INTEGER PRIMARY KEY CHECK (only = 1), value BLOB NOT NULL)",
        """CREATE TABLE keys (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            scope TEXT NOT NULL,
            digest BLOB NOT NULL UNIQUE,
            created TEXT NOT NULL,
            last_used TEXT,
            revoked TEXT
        )""",
        """CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            request TEXT NOT NULL,
            who TEXT NOT NULL,
            action TEXT NOT NULL,
            collection TEXT NOT NULL,
            people TEXT NOT NULL,
            outcome TEXT NOT NULL,
            counts TEXT NOT NULL
        )""",
        """CREATE TABLE replay (
            who TEXT NOT NULL,
            key TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            collection TEXT NOT NULL,
            created REAL NOT NULL,
            status INTEGER,
            body BLOB,
            PRIMARY KEY (who, key)
        )""",
        "CREATE TABLE undo (collection TEXT PRIMARY KEY, change TEXT NOT NULL, created TEXT NOT NULL)",
    ),
    (
        """CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            collection TEXT NOT NULL,
            who TEXT NOT NULL,
            name TEXT NOT NULL,
            options TEXT NOT NULL,
            state TEXT NOT NULL,
            created REAL NOT NULL,
            started REAL,
            finished REAL,
            attempts INTEGER NOT NULL DEFAULT 0,
            outcome TEXT,
            problem TEXT
        )""",
        # People stand in `people` by their handles, so that lines can be erased when somebody is removed.
        """CREATE TABLE job_lines (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            job INTEGER NOT NULL,
            people TEXT NOT NULL,
            text TEXT NOT NULL
        )""",
        "CREATE INDEX job_lines_of ON job_lines (job, number)",
    ),
    (
        # What an entry is about where that is no person: a camera, or an event.
        "ALTER TABLE audit ADD COLUMN subject TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE cameras (
            name TEXT PRIMARY KEY,
            address TEXT,
            collection TEXT NOT NULL,
            options TEXT NOT NULL,
            created TEXT NOT NULL,
            wanted INTEGER NOT NULL,
            state BLOB,
            learned TEXT
        )""",
        """CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            sequence INTEGER NOT NULL UNIQUE,
            camera TEXT NOT NULL,
            collection TEXT NOT NULL,
            stage TEXT NOT NULL,
            start REAL NOT NULL,
            end REAL NOT NULL,
            verdict TEXT,
            told TEXT NOT NULL
        )""",
        "CREATE INDEX events_of_camera ON events (camera, end)",
        # Every name that an event holds stands here and nowhere else, so that it can be taken out of all.
        """CREATE TABLE event_people (
            event INTEGER NOT NULL,
            part TEXT NOT NULL,
            rank INTEGER NOT NULL,
            collection TEXT NOT NULL,
            person TEXT NOT NULL,
            name TEXT NOT NULL,
            PRIMARY KEY (event, part, rank)
        ) WITHOUT ROWID""",
        "CREATE INDEX event_people_by_person ON event_people (collection, person)",
        """CREATE TABLE event_crops (
            event INTEGER NOT NULL,
            rank INTEGER NOT NULL,
            png BLOB NOT NULL,
            PRIMARY KEY (event, rank)
        )""",
        "CREATE TABLE sequence (only INTEGER PRIMARY KEY CHECK (only = 1), value INTEGER NOT NULL)",
        "INSERT INTO sequence VALUES (1, 0)",
        "CREATE TABLE listeners (name TEXT PRIMARY KEY, position INTEGER NOT NULL)",
    ),
    (
        """CREATE TABLE webhooks (
            id TEXT PRIMARY KEY,
            url TEXT NOT NULL,
            secret TEXT NOT NULL,
            options TEXT NOT NULL,
            created TEXT NOT NULL,
            delivered INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0,
            given_up INTEGER NOT NULL DEFAULT 0,
            last_success TEXT,
            last_failure TEXT,
            reason TEXT
        )""",
        # Topics under which a broker keeps something of this service, to be emptied when they are of no use.
        "CREATE TABLE retained (topic TEXT PRIMARY KEY)",
    ),
    (
        # A track that is kept with its template, where the operator allowed that; without one where its group
        # is ignored, which is only counted then.
        """CREATE TABLE sightings (
            event INTEGER PRIMARY KEY,
            part INTEGER,
            encoder TEXT NOT NULL,
            state TEXT NOT NULL,
            template BLOB
        )""",
        "CREATE INDEX sightings_of_part ON sightings (part, event)",
        """CREATE TABLE unknown_groups (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            collection TEXT NOT NULL,
            ignored INTEGER NOT NULL DEFAULT 0,
            created TEXT NOT NULL
        )""",
        # Sightings that are alike; a group has several where somebody put them together.
        """CREATE TABLE unknown_parts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            of_group INTEGER NOT NULL,
            encoder TEXT NOT NULL,
            state TEXT NOT NULL,
            template BLOB NOT NULL
        )""",
        "CREATE INDEX unknown_parts_of_group ON unknown_parts (of_group)",
        # Somebody said of a face that it is not this person. It outlives its event, since it would not help
        # otherwise, and goes with the person.
        """CREATE TABLE corrections (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            event INTEGER NOT NULL,
            camera TEXT NOT NULL,
            collection TEXT NOT NULL,
            person TEXT NOT NULL,
            encoder TEXT NOT NULL,
            state TEXT NOT NULL,
            template BLOB NOT NULL,
            created TEXT NOT NULL
        )""",
        "CREATE INDEX corrections_of_person ON corrections (collection, person)",
    ),
    (
        # The job whose film an event is of; its camera is empty then.
        "ALTER TABLE events ADD COLUMN job TEXT",
        "CREATE INDEX events_of_job ON events (job) WHERE job IS NOT NULL",
    ),
)
"""Statements that bring a file from version n to n + 1. A step that was released is never changed."""
