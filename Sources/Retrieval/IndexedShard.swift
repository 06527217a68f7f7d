import Corpus

/// What the index needs to know about a shard.
package struct IndexedShard: Sendable {
  package struct Document: Sendable, Equatable {
    package let path: String
    /// The hash of the document's bytes.
    package let sha256: Digest

    package init(path: String, sha256: Digest) {
      self.path = path
      self.sha256 = sha256
    }
  }

  package let root: Digest
  package let contributor: ContributorKey
  package let contributorName: String
  /// The lower, the earlier the shard counts as registered.
  ///
  /// Of two copies of a text the earlier shard's is the one that is found and credited. Equal
  /// values are ordered by root.
  package let order: Int
  package let documents: [Document]
  /// The bytes of a document.
  package let read: @Sendable (_ path: String) throws -> [UInt8]

  package init(
    root: Digest, contributor: ContributorKey, contributorName: String, order: Int,
    documents: [Document], read: @escaping @Sendable (_ path: String) throws -> [UInt8]
  ) {
    self.root = root
    self.contributor = contributor
    self.contributorName = contributorName
    self.order = order
    self.documents = documents
    self.read = read
  }
}

extension IndexedShard {
  /// An installed shard, ordered by when it was installed here.
  ///
  /// The manifest's own date decides nothing: whoever copies a document can write any date. A
  /// person's own shard is a new one with every `add`, so it comes after all others: adding a
  /// document that a contributor's shard holds must not take the credit for it.
  init(_ shard: InstalledShard, in store: ShardStore) {
    let root = shard.root
    self.init(
      root: root, contributor: shard.manifest.contributor,
      contributorName: shard.manifest.contributorName,
      order: shard.isLocal ? .max : shard.installedAt,
      documents: shard.manifest.documents.map { Document(path: $0.path, sha256: $0.sha256) },
      read: { try store.document(root, $0) })
  }
}

/// How far a synchronisation is.
package struct IndexingProgress: Sendable, Equatable {
  /// Documents that were to be read.
  package let documents: Int
  package let finishedDocuments: Int
  /// Texts embedded so far.
  package let embedded: Int
}

/// What a synchronisation did.
package struct IndexingReport: Sendable, Equatable {
  package struct Skipped: Sendable, Equatable {
    package let shard: Digest
    package let document: String
    package let reason: String
  }

  package var addedDocuments = 0
  package var removedDocuments = 0
  package var unchangedDocuments = 0
  /// Texts given to the embedding model.
  package var embeddedTexts = 0
  /// Chunks whose embedding was there already.
  package var reusedEmbeddings = 0
  /// Documents that could not be read as text; they are tried again next time.
  package var skipped: [Skipped] = []
}
