"""Where a gallery lies: a file of SQLite or a PostgreSQL server, with tables and digests of rows."""
