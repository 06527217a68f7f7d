import ArgumentParser
import LedgerWire
import TransparencyLog

/// The logs among which a ledger divides its agents, as an option of `serve`.
struct LogShardOptions: ParsableArguments {
  @Option(
    help: """
      A log of this ledger as URL=VKEY, this one included; 2, 4, 8 ... or 256 times, in the same \
      order at every log. Each takes the agents whose keys begin with its number. Keys and order \
      can never change once an agent is registered.
      """)
  var logShard: [String] = []

  /// The list, which has the key of the log that is served; nil without one.
  func list(own: NoteVerifier) throws -> LogShards? {
    guard !logShard.isEmpty else { return nil }
    do throws(NoteError) {
      var members: [LogShards.Member] = []
      for text in logShard { members.append(try LogShards.Member(text: text)) }
      let shards = try LogShards(members)
      guard shards.index(of: own) != nil else {
        throw NoteError(
          field: "log shards", found: "\(shards.count) keys of other logs",
          expected: "\(own.vkey), this log's own, among them")
      }
      return shards
    } catch {
      try fail("--log-shard: \(error)", Exit.usage)
    }
  }
}
