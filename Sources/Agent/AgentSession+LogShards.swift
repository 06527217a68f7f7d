import Corpus
import Foundation
import LedgerSync
import LedgerWire
import TransparencyLog

/// Where a ledger that keeps several logs is to be asked: agents' batches are divided among its log
/// shards by their keys, and log shard 0 has the registry of shards.
extension AgentSession {
  /// Asks the log that has the ledger's registry, which may be another than the one at its address.
  func askingRegistry<Answer: Sendable>(
    _ body: @Sendable (LedgerClient, NoteVerifier) async throws -> Answer
  ) async throws -> Answer {
    let (key, known) = try trusted()
    let other: LogShards.Member
    do {
      return try await asking { client in try await body(client, client.key(key)) }
    } catch let refusal as LedgerRefusal where refusal.error == .misdirected {
      let shards = try await asking { client in
        try await client.logShards(of: client.key(key), known: known)?.shards
      }
      guard let shards else { throw refusal }
      other = shards.registry
    }
    return try await LedgerClient.connect(to: other.url) { try await body($0, other.verifier) }
  }

  /// Asks every log of the ledger; the first answer is of the log that has the registry.
  ///
  /// All have to answer: a sum without one of them would be wrong.
  func askingAll<Answer: Sendable>(
    _ body: @escaping @Sendable (LedgerClient) async throws -> Answer
  ) async throws -> [Answer] {
    let (key, known) = try trusted()
    let (first, shards) = try await asking { client in
      let log = try await client.key(key)
      let shards = try await client.logShards(of: log, known: known)?.shards
      let answer = shards == nil ? [try await body(client)] : []
      return (answer, shards)
    }
    guard let shards else { return first }
    var answers = first
    for (number, member) in shards.members.enumerated() {
      do {
        answers.append(try await LedgerClient.connect(to: member.url, body))
      } catch let failure as LedgerFailure {
        throw AgentError(
          .tryLater, "log shard \(number) of \(shards.count), \(member.url): \(failure)",
          hint: "all of them are needed; try again later")
      }
    }
    return answers
  }

  /// The key that is given or pinned for the ledger, which have to be the same, and the log shards that
  /// it is known to have.
  private func trusted() throws -> (key: NoteVerifier?, known: LogShards?) {
    let given = try settings.ledgerKey.map { text throws(NoteError) in
      try NoteVerifier(vkey: text)
    }
    guard let address = settings.ledger, FileManager.default.fileExists(atPath: home.traces) else {
      return (given, nil)
    }
    let key = try LogTrust.key(store: store(), ledger: address, given: given)
    return (key, try store().logShards(ledger: address))
  }
}
