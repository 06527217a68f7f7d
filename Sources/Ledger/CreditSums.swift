import Corpus
import Crypto
import Trace

/// The number of an agent's trace: what keeps it from being credited twice.
///
/// The first 20 bits are the agent's key's, so that a batch's traces lie side by side in the table,
/// and the other 44 are the first of SHA-256 over the agent's key and the trace's id. Who looks for
/// two ids of one number can only lose a credit of their own, since the key goes in as well.
struct CreditKey {
  let value: Int

  private static let agentBits: UInt64 = 20

  init(agent: ContributorKey, id: TraceID) {
    self = Self.keys(of: [id], by: agent)[0]
  }

  private init(cluster: UInt64, hash: UInt64) {
    value = Int(bitPattern: UInt(cluster << (64 - Self.agentBits) | hash >> Self.agentBits))
  }

  /// The numbers of an agent's traces, in their order.
  static func keys(of ids: some Sequence<TraceID>, by agent: ContributorKey) -> [CreditKey] {
    let cluster = agent.bytes.withUnsafeBytes(word) >> (64 - agentBits)
    return ids.map { id in
      var hasher = SHA256()
      agent.bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
      id.withUnsafeBytes { hasher.update(bufferPointer: $0) }
      return CreditKey(cluster: cluster, hash: hasher.finalize().withUnsafeBytes(word))
    }
  }

  /// The first eight bytes as one number.
  private static func word(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
  }
}

/// What contributors earn in one period, summed up before it is written.
struct CreditSums {
  /// A trace by its ``CreditKey``, and its place among those that wait.
  struct Credit {
    let key: Int
    let entry: Int
    let batch: Int
    let trace: Int
  }

  private struct Sum {
    var answers = 0
    var sharePPM = 0

    mutating func add(_ sharePPM: Int) {
      guard sharePPM > 0 else { return }
      answers += 1
      self.sharePPM += sharePPM
    }
  }

  let period: String
  private var waiting: [BatchCredits] = []
  private var credits: [Credit] = []

  init(period: String) {
    self.period = period
  }

  mutating func add(_ batch: BatchCredits, of agent: ContributorKey, entry: Int) {
    let keys = CreditKey.keys(of: batch.traces.lazy.map(\.id), by: agent)
    for (index, key) in keys.enumerated() {
      credits.append(Credit(key: key.value, entry: entry, batch: waiting.count, trace: index))
    }
    waiting.append(batch)
  }

  /// Writes what was added, except traces that were credited before; returns the credited ones.
  @discardableResult
  mutating func write(_ connection: any SQLConnection) throws -> [Credit] {
    defer { (waiting, credits) = ([], []) }
    // In the order of the table; of one trace in two entries the first counts.
    credits.sort { ($0.key, $0.entry) < ($1.key, $1.entry) }
    let inserted = try connection.insert(
      into: "credited", columns: ["trace", "entry"],
      credits.map { [.integer($0.key), .integer($0.entry)] }, end: "ON CONFLICT DO NOTHING")
    guard inserted < credits.count else {
      try write(sums(over: waiting), connection)
      return credits
    }
    // Only where one was there before is it asked which.
    let new = try credits.filter {
      try LedgerStore.entry(crediting: $0.key, connection) == $0.entry
    }
    try write(sums(over: new), connection)
    return new
  }

  private func sums(over batches: [BatchCredits]) -> [ContributorKey: Sum] {
    var sums: [ContributorKey: Sum] = [:]
    for batch in batches {
      var own = [Sum](repeating: Sum(), count: batch.contributors.count)
      for share in batch.shares { own[share.contributor].add(share.sharePPM) }
      for (contributor, sum) in zip(batch.contributors, own) where sum.answers > 0 {
        sums[contributor, default: Sum()].answers += sum.answers
        sums[contributor, default: Sum()].sharePPM += sum.sharePPM
      }
    }
    return sums
  }

  private func sums(over credits: [Credit]) -> [ContributorKey: Sum] {
    var sums: [ContributorKey: Sum] = [:]
    for credit in credits {
      let batch = waiting[credit.batch]
      for share in batch.shares[batch.traces[credit.trace].shares] where share.sharePPM > 0 {
        sums[batch.contributors[share.contributor], default: Sum()].add(share.sharePPM)
      }
    }
    return sums
  }

  private func write(_ sums: [ContributorKey: Sum], _ connection: any SQLConnection) throws {
    // In one order everywhere, so that transactions that lock the same rows do not block each other.
    for (contributor, sum) in sums.sorted(by: { $0.key < $1.key }) {
      try connection.execute(
        """
        INSERT INTO credits (contributor, period, answers, share_ppm) VALUES ($1, $2, $3, $4)
        ON CONFLICT (contributor, period) DO UPDATE SET
          answers = credits.answers + excluded.answers,
          share_ppm = credits.share_ppm + excluded.share_ppm
        """,
        [
          .blob(contributor.bytes), .text(period), .integer(sum.answers), .integer(sum.sharePPM),
        ])
    }
  }
}

extension LedgerStore {
  /// The entry whose trace of this ``CreditKey`` was credited.
  static func entry(crediting key: Int, _ connection: any SQLConnection) throws -> Int? {
    try connection.integer("SELECT entry FROM credited WHERE trace = $1", [.integer(key)])
  }
}
