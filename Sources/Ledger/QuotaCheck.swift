import Corpus
import LedgerWire

/// Whether batches fit an agent's quotas, in the transaction that adds them.
///
/// What was used is read from the log itself. An agent's sequence has no gaps, so the leaf that many
/// numbers before the next one tells whether an hour's quota is used up; and an entry has the sum of
/// its agent's bytes up to it, so a day's bytes are the difference of two entries. One look-up per
/// leaf, and for agents that ever wrote a day's bytes two searches by halves.
struct QuotaCheck {
  static let hour = 3600
  static let day = 86_400

  private struct Usage {
    /// The first sequence number that is not in the database yet.
    let stored: Int
    /// The sum of the bytes of all batches, those of this transaction included.
    var bytes: Int
    /// That sum without the last 24 hours, where it was needed.
    var bytesBefore: Int?
  }

  private let quotas: AgentQuotas
  private let connection: any SQLConnection
  private let now: Int
  private var usages: [ContributorKey: Usage] = [:]

  init(_ quotas: AgentQuotas, _ connection: any SQLConnection, now: Int) {
    self.quotas = quotas
    self.connection = connection
    self.now = now
  }

  /// Takes a batch that follows its agent's last one.
  ///
  /// Returns the sum of the agent's bytes up to it, for its row, or why it has to wait. `bytes` are
  /// those of the signed header and the payload as sent.
  mutating func take(
    _ agent: ContributorKey, sequence: Int, bytes: Int
  ) throws -> Result<Int, LedgerRefusal> {
    var usage = try usages[agent] ?? Usage(stored: sequence, bytes: sum(agent, before: sequence))
    defer { usages[agent] = usage }
    if let refusal = try leafRefusal(agent, sequence, usage) { return .failure(refusal) }
    if let refusal = try byteRefusal(agent, bytes, &usage) { return .failure(refusal) }
    usage.bytes += bytes
    return .success(usage.bytes)
  }

  private func sum(_ agent: ContributorKey, before sequence: Int) throws -> Int {
    try entry(agent, sequence - 1)?.bytes ?? 0
  }

  private func leafRefusal(
    _ agent: ContributorKey, _ sequence: Int, _ usage: Usage
  ) throws -> LedgerRefusal? {
    let limit = quotas.leavesPerHour
    guard limit > 0, sequence >= limit else { return nil }
    let first = sequence - limit
    let logged = first < usage.stored ? try entry(agent, first)?.logged ?? 0 : now
    guard logged > now - Self.hour else { return nil }
    return .overQuota(
      "leaves", found: "\(limit) in the last hour", expected: "at most \(limit) an hour",
      wait: logged + Self.hour - now, window: Self.hour)
  }

  private func byteRefusal(
    _ agent: ContributorKey, _ bytes: Int, _ usage: inout Usage
  ) throws -> LedgerRefusal? {
    let limit = quotas.bytesPerDay
    guard limit > 0, usage.bytes + bytes > limit else { return nil }
    let before = try usage.bytesBefore ?? bytesBefore(agent, usage)
    usage.bytesBefore = before
    guard usage.bytes - before + bytes > limit else { return nil }
    // The first batch with which enough falls out of the last 24 hours.
    let excess = usage.bytes + bytes - limit
    let next = try first(agent, below: usage.stored) { $0.bytes >= excess }
    let logged = try next < usage.stored ? entry(agent, next)?.logged ?? now : now
    return .overQuota(
      "bytes", found: "\(usage.bytes - before) in the last 24 hours and \(bytes) more",
      expected: "at most \(limit) a day", wait: logged + Self.day - now, window: Self.day)
  }

  private func bytesBefore(_ agent: ContributorKey, _ usage: Usage) throws -> Int {
    let now = now
    let start = try first(agent, below: usage.stored) { $0.logged > now - Self.day }
    return start == 0 ? 0 : try entry(agent, start - 1)?.bytes ?? 0
  }

  private typealias Entry = (logged: Int, bytes: Int)

  /// The first sequence number for which `isPast` holds, or `end`; times and sums only grow.
  private func first(
    _ agent: ContributorKey, below end: Int, _ isPast: (Entry) -> Bool
  ) throws -> Int {
    var (low, high) = (0, end)
    while low < high {
      let middle = (low + high) / 2
      if let entry = try entry(agent, middle), !isPast(entry) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  private func entry(_ agent: ContributorKey, _ sequence: Int) throws -> Entry? {
    guard sequence >= 0 else { return nil }
    let row = try connection.row(
      "SELECT logged, agent_bytes FROM entries WHERE agent = $1 AND sequence = $2",
      [.blob(agent.bytes), .integer(sequence)])
    return try row.map { (try $0.integer("logged"), try $0.integer("agent_bytes")) }
  }
}

extension LedgerRefusal {
  /// `wait` may be off where the ledger's clock went back.
  fileprivate static func overQuota(
    _ field: String, found: String, expected: String, wait: Int, window: Int
  ) -> LedgerRefusal {
    LedgerRefusal(
      .overQuota, field: "quota.\(field)", found: found, expected: expected,
      retryAfter: min(max(wait, 1), window))
  }
}
