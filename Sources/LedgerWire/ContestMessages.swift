/// A contest that was won, and what it moved.
package struct ContestMessage: Equatable, Sendable, Codable {
  /// A document of the contested shard, or of a cluster that it owned, and the one that owns the
  /// cluster since: digests of the normalised texts.
  package struct Document: Equatable, Sendable, Codable {
    package var document: String
    package var owner: String

    package init(document: String, owner: String) {
      self.document = document
      self.owner = owner
    }
  }

  /// Contests are numbered from 0.
  package var number: Int
  /// Seconds since 1970-01-01 UTC.
  package var filed: Int
  /// The root of the contested shard, and who had registered it.
  package var contested: String
  package var contestedContributor: String
  /// The contestant's shard; the same as `contested` when the root itself was moved.
  package var shard: String
  package var contributor: String
  /// The origin of the log with the earlier claim, and the time of that, in seconds since
  /// 1970-01-01 UTC.
  package var log: String
  package var proven: Int
  package var movesRoot: Bool
  /// How many clusters were moved.
  package var clusters: Int
  /// What they are; nil in lists.
  package var documents: [Document]?

  package init(
    number: Int, filed: Int, contested: String, contestedContributor: String, shard: String,
    contributor: String, log: String, proven: Int, movesRoot: Bool, clusters: Int
  ) {
    self.number = number
    self.filed = filed
    self.contested = contested
    self.contestedContributor = contestedContributor
    self.shard = shard
    self.contributor = contributor
    self.log = log
    self.proven = proven
    self.movesRoot = movesRoot
    self.clusters = clusters
  }
}

/// A page of contests, in their order.
package struct ContestPage: Equatable, Sendable, Codable {
  package static let maximumCount = 100

  package var contests: [ContestMessage]
  /// The number with which the next page begins; nil at the end.
  package var next: Int?

  package init(contests: [ContestMessage], next: Int?) {
    self.contests = contests
    self.next = next
  }
}
