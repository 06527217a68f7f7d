import Corpus
import Trace

/// The number of an agent's trace: what keeps it from being credited twice.
///
/// The first 8 bytes of SHA-256 over the agent's key and the trace's id. Who looks for two ids of one
/// number can only lose a credit of their own, since the key goes in as well.
struct CreditKey {
  let value: Int

  init(agent: [UInt8], id: [UInt8]) {
    let first = Corpus.Digest(sha256: agent + id).bytes.prefix(8)
    value = Int(truncatingIfNeeded: first.reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
  }

  init(_ trace: PublicTrace) {
    self.init(agent: trace.agent.bytes, id: trace.id.bytes)
  }
}

/// What contributors earn in one period, summed up before it is written.
struct CreditSums {
  /// A trace by its ``CreditKey`` and its place among those that wait.
  private struct Credit {
    let key: Int
    let entry: Int
    let index: Int
  }

  private struct Sum {
    var answers = 0
    var sharePPM = 0

    mutating func add(_ share: ContributorShare) {
      answers += 1
      sharePPM += share.sharePPM
    }
  }

  let period: String
  private var waiting: [PublicTrace] = []
  private var credits: [Credit] = []

  init(period: String) {
    self.period = period
  }

  mutating func add(_ trace: PublicTrace, entry: Int) {
    credits.append(Credit(key: CreditKey(trace).value, entry: entry, index: waiting.count))
    waiting.append(trace)
  }

  /// Writes what was added, except traces that were credited before; returns the credited ones.
  @discardableResult
  mutating func write(_ connection: any SQLConnection) throws -> [PublicTrace] {
    // In the order of the table; of one trace in two entries the first counts.
    credits.sort { ($0.key, $0.entry) < ($1.key, $1.entry) }
    let inserted = try connection.insert(
      into: "credited", columns: ["trace", "entry"],
      credits.map { [.integer($0.key), .integer($0.entry)] }, end: "ON CONFLICT DO NOTHING")
    // Only where one was there before is it asked which.
    if inserted < credits.count {
      let new = try credits.filter {
        try LedgerStore.entry(crediting: $0.key, connection) == $0.entry
      }
      waiting = new.map { waiting[$0.index] }
    }
    try writeSums(over: waiting, connection)
    defer { (waiting, credits) = ([], []) }
    return waiting
  }

  private func writeSums(over traces: [PublicTrace], _ connection: any SQLConnection) throws {
    var sums: [ContributorKey: Sum] = [:]
    for trace in traces {
      for share in trace.shares where share.sharePPM > 0 {
        sums[share.contributor, default: Sum()].add(share)
      }
    }
    // In one order everywhere, so that transactions that lock the same rows do not block each other.
    for (contributor, sum) in sums.sorted(by: {
      $0.key.bytes.lexicographicallyPrecedes($1.key.bytes)
    }) {
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
