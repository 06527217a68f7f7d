import GRDB

/// The tables of the index and how they came to be.
///
/// A migration that shipped never changes; a new version adds one.
enum IndexSchema {
  /// The words of the chunks, stemmed and without diacritics.
  ///
  /// Porter's stemmer makes "surrendered" find "surrender" and "cafe" finds "café". Stemming suits
  /// English and leaves other languages' words nearly as they are.
  private static let textIndex = """
    CREATE VIRTUAL TABLE chunkText USING fts5(
      text, context, content='chunk', content_rowid='id',
      tokenize='porter unicode61 remove_diacritics 2')
    """

  private static let version1 = """
    CREATE TABLE state (
      name TEXT PRIMARY KEY NOT NULL,
      value TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE shard (
      id INTEGER PRIMARY KEY,
      root BLOB NOT NULL UNIQUE CHECK (length(root) = 32),
      position INTEGER NOT NULL,
      contributor BLOB NOT NULL CHECK (length(contributor) = 32),
      contributorName TEXT NOT NULL
    );

    CREATE TABLE document (
      id INTEGER PRIMARY KEY,
      shard INTEGER NOT NULL REFERENCES shard ON DELETE CASCADE,
      path TEXT NOT NULL,
      sha256 BLOB NOT NULL,
      fingerprint TEXT NOT NULL,
      words BLOB NOT NULL,
      minhash BLOB NOT NULL,
      UNIQUE (shard, path)
    );

    CREATE TABLE embedding (
      id INTEGER PRIMARY KEY,
      key BLOB NOT NULL UNIQUE,
      scale REAL NOT NULL,
      vector BLOB NOT NULL
    );

    CREATE TABLE chunk (
      id INTEGER PRIMARY KEY,
      document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
      start INTEGER NOT NULL,
      end INTEGER NOT NULL,
      firstLine INTEGER NOT NULL,
      lastLine INTEGER NOT NULL,
      sentences TEXT NOT NULL,
      headings TEXT NOT NULL,
      context TEXT NOT NULL,
      text TEXT NOT NULL,
      embedding INTEGER NOT NULL REFERENCES embedding,
      words BLOB NOT NULL,
      minhash BLOB NOT NULL,
      duplicateOf INTEGER REFERENCES chunk ON DELETE SET NULL
    );
    CREATE INDEX chunkByDocument ON chunk(document);
    CREATE INDEX chunkByEmbedding ON chunk(embedding);
    CREATE INDEX chunkByOwner ON chunk(duplicateOf) WHERE duplicateOf IS NOT NULL;
    """

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(sql: version1)
      try database.execute(sql: textIndex)
    }
    // The same tables, but clusters that do not know of copied sentences yet.
    migrator.registerMigration("2") { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO state (name, value) VALUES ('unclustered', '1')")
    }
    // Nor of sentences that are copied with other words between.
    migrator.registerMigration("3") { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO state (name, value) VALUES ('unclustered', '1')")
    }
    return migrator
  }
}
