/// The answer to an accepted batch; `proof` alone (C2SP tlog-proof) is the receipt, and the other
/// fields repeat it for people.
package struct ReceiptMessage: Equatable, Sendable, Codable {
  package var index: Int
  package var leafHash: String
  package var treeSize: Int
  package var rootHash: String
  package var inclusionProof: [String]
  package var checkpoint: String
  package var proof: String

  package init(
    index: Int, leafHash: String, treeSize: Int, rootHash: String, inclusionProof: [String],
    checkpoint: String, proof: String
  ) {
    self.index = index
    self.leafHash = leafHash
    self.treeSize = treeSize
    self.rootHash = rootHash
    self.inclusionProof = inclusionProof
    self.checkpoint = checkpoint
    self.proof = proof
  }
}

/// What the ledger knows of an agent.
package struct AgentMessage: Equatable, Sendable, Codable {
  package var agent: String
  package var name: String
  /// Seconds since 1970-01-01 UTC.
  package var registered: Int
  package var nextSequence: Int
  /// Hash of the last signed header, in hexadecimal; nil before the first.
  package var head: String?

  package init(agent: String, name: String, registered: Int, nextSequence: Int, head: String?) {
    self.agent = agent
    self.name = name
    self.registered = registered
    self.nextSequence = nextSequence
    self.head = head
  }
}

/// A registered shard.
package struct ShardMessage: Equatable, Sendable, Codable {
  /// A document that says what an earlier registered one says, which owns both.
  package struct Copy: Equatable, Sendable, Codable {
    /// Digests of the normalised texts.
    package var document: String
    package var owner: String
    /// The shard of the owner and who registered it.
    package var shard: String
    package var contributor: String

    package init(document: String, owner: String, shard: String, contributor: String) {
      self.document = document
      self.owner = owner
      self.shard = shard
      self.contributor = contributor
    }
  }

  /// What a statement says of a shard.
  package enum Standing: String, Equatable, Sendable, Codable {
    /// The first to say what its documents say.
    case original
    /// Somebody else's documents own what some of its documents say.
    case copy
    /// A contest took some of it away.
    case contested
  }

  package var root: String
  package var name: String
  package var contributor: String
  package var contributorName: String
  /// Seconds since 1970-01-01 UTC.
  package var registered: Int
  /// How many documents the claim lists; nil for none.
  package var documents: Int?
  /// Those of them that documents of earlier shards own.
  package var copies: [Copy]?
  /// In statements alone: how the shard stands, and how many of its documents others own.
  package var standing: Standing?
  package var copied: Int?
  /// The logged header of the claim in base64, and its receipt; nil in statements, for claims of
  /// the time before they were logged, and while the log's witnesses are waited for.
  package var claim: String?
  package var receipt: ReceiptMessage?

  package init(
    root: String, name: String, contributor: String, contributorName: String, registered: Int
  ) {
    self.root = root
    self.name = name
    self.contributor = contributor
    self.contributorName = contributorName
    self.registered = registered
  }
}

/// What a contributor's sources earned, by period.
package struct StatementMessage: Equatable, Sendable, Codable {
  package struct Credit: Equatable, Sendable, Codable {
    /// Year and month in which the ledger logged the answers, UTC: `2026-11`.
    package var period: String
    /// Answers to which the contributor's sources contributed.
    package var answers: Int
    /// Sum of the shares in parts per million: 1,000,000 is one whole answer.
    package var sharePPM: Int

    package init(period: String, answers: Int, sharePPM: Int) {
      self.period = period
      self.answers = answers
      self.sharePPM = sharePPM
    }
  }

  package var log: String
  package var contributor: String
  package var name: String?
  package var shards: [ShardMessage]
  package var credits: [Credit]
  package var answers: Int
  package var sharePPM: Int

  package init(
    log: String, contributor: String, name: String?, shards: [ShardMessage], credits: [Credit]
  ) {
    self.log = log
    self.contributor = contributor
    self.name = name
    self.shards = shards
    self.credits = credits
    answers = credits.reduce(0) { $0 + $1.answers }
    sharePPM = credits.reduce(0) { $0 + $1.sharePPM }
  }

  /// One statement of what all log shards say of a contributor; nil for none, and for numbers that
  /// no log can have.
  ///
  /// An agent's traces are all in one log, so that no answer is counted twice. Name and shards are
  /// those of the first, which has the registry.
  package static func total(of statements: [StatementMessage]) -> StatementMessage? {
    guard let registry = statements.first, canBeSummed(statements.flatMap(\.credits)) else {
      return nil
    }
    var sums: [String: Credit] = [:]
    for credit in statements.flatMap(\.credits) {
      sums[credit.period, default: Credit(period: credit.period, answers: 0, sharePPM: 0)] += credit
    }
    return StatementMessage(
      log: registry.log, contributor: registry.contributor, name: registry.name,
      shards: registry.shards, credits: sums.values.sorted { $0.period < $1.period })
  }
}

extension StatementMessage {
  /// Whether no number is negative, and no sum of some of them too large.
  private static func canBeSummed(_ credits: [Credit]) -> Bool {
    var total = 0
    for number in credits.flatMap({ [$0.answers, $0.sharePPM] }) {
      let (sum, overflow) = total.addingReportingOverflow(number)
      guard number >= 0, !overflow else { return false }
      total = sum
    }
    return true
  }
}

extension StatementMessage.Credit {
  fileprivate static func += (sum: inout Self, other: Self) {
    sum.answers += other.answers
    sum.sharePPM += other.sharePPM
  }
}

/// Two signed headers with one sequence number, both in base64.
package struct EquivocationMessage: Equatable, Sendable, Codable {
  package var agent: String
  package var sequence: Int
  package var logged: String
  package var conflicting: String
  /// Seconds since 1970-01-01 UTC.
  package var seen: Int

  package init(agent: String, sequence: Int, logged: String, conflicting: String, seen: Int) {
    self.agent = agent
    self.sequence = sequence
    self.logged = logged
    self.conflicting = conflicting
    self.seen = seen
  }
}

/// A path of hashes in base64, from the leaf's side to the root's.
package struct ProofMessage: Equatable, Sendable, Codable {
  package var hashes: [String]

  package init(hashes: [String]) {
    self.hashes = hashes
  }
}
