import Corpus
import LedgerWire
import TransparencyLog

/// Finding the log of this agent's key among a ledger's log shards.
///
/// The ledger is asked at the address that the person gave. A log that does not take the agent's key
/// says so (421); then its policy, signed by the key that is trusted there, names address and key of
/// the one that does. From then on the agent goes straight to that log.
extension Synchronizer {
  /// The log that takes this agent's batches, where it is known to be another than the one at the
  /// ledger's own address.
  func logShard() throws -> (number: Int, count: Int, log: LogShards.Member)? {
    guard let shards = try store.logShards(ledger: url) else { return nil }
    let own = shards.member(for: identity.publicKey)
    guard try store.ledger(url)?.vkey != own.verifier.vkey else { return nil }
    return (shards.index(of: identity.publicKey), shards.count, own)
  }

  /// Delivers to this agent's log, wherever that is.
  func deliverAll() async throws {
    guard let own = try logShard()?.log else {
      guard let other = try await deliverAll(at: url, key: logKey) else { return }
      return try await deliverAll(to: other)
    }
    _ = try LogTrust.key(store: store, ledger: url, given: logKey)
    do {
      try await deliverAll(to: own)
    } catch let failure as LedgerFailure where failure.mayHaveMoved {
      guard let moved = try await movedLog(), moved.url != own.url else { throw failure }
      try await deliverAll(to: moved)
    }
  }

  private func deliverAll(to log: LogShards.Member) async throws {
    guard try await deliverAll(at: log.url, key: log.verifier, isLogShard: true) == nil else {
      throw Held(sentence: "The log shard \(log.url) does not take this agent's key.")
    }
  }

  /// Delivers at one address; returns the log that takes the agent's key if this one does not.
  private func deliverAll(
    at address: String, key: NoteVerifier?, isLogShard: Bool = false
  ) async throws -> LogShards.Member? {
    try await LedgerClient.connect(to: address, timeout: timeout, now: clock.now) { client in
      let trust = try await establish(client, key: key, isLogShard: isLogShard)
      if isLogShard, try store.ledger(client.url)?.registered != identity.publicKey {
        // The operator may have started it with another list.
        _ = try await client.logShards(of: trust.verifier, known: store.logShards(ledger: url))
      }
      do {
        try await deliverAll(client, trust)
        return nil
      } catch let refusal as LedgerRefusal where refusal.error == .misdirected {
        let own = try await learn(client, trust)
        guard let own, own.verifier != trust.verifier else { throw refusal }
        return own
      }
    }
  }

  /// Asks a log for the ledger's log shards, which are the ones known before, and keeps what the
  /// ledger's own address says; returns this agent's.
  private func learn(_ client: LedgerClient, _ trust: LogTrust) async throws -> LogShards.Member? {
    let known = try store.logShards(ledger: url)
    guard let named = try await client.logShards(of: trust.verifier, known: known) else {
      return nil
    }
    if client.url == url,
      try store.keep(
        named.policy, shards: named.shards, ledger: url, agent: identity.publicKey)
    {
      let number = named.shards.index(of: identity.publicKey)
      let own = named.shards.members[number]
      progress.sentences.append(
        "The ledger \(trust.verifier.name) has \(named.shards.count) log shards; this agent's is "
          + "number \(number), the log \(own.verifier.name) at \(own.url).")
    }
    return named.shards.member(for: identity.publicKey)
  }

  /// Where the ledger's own address says that this agent's log is now; nil if it cannot be asked.
  private func movedLog() async throws -> LogShards.Member? {
    do {
      return try await LedgerClient.connect(to: url, timeout: timeout, now: clock.now) { client in
        let trust = try await establish(client, key: logKey, isLogShard: false)
        return try await learn(client, trust)
      }
    } catch is LedgerFailure {
      return nil
    }
  }
}

extension LedgerFailure {
  /// Whether nobody, or somebody else, may be at the address.
  fileprivate var mayHaveMoved: Bool {
    switch self {
    case .unreachable, .timeout, .garbage, .answerTooLarge: true
    case .tooManyRequests, .unwell: false
    }
  }
}
