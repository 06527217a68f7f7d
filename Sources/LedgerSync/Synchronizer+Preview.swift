import Corpus
import LedgerWire

extension Synchronizer {
  /// The requests that a synchronisation would make, byte for byte.
  ///
  /// Pending traces are sealed, because only then are the bytes fixed; a later synchronisation
  /// sends exactly these.
  func preview() throws -> SyncReport {
    var report = SyncReport()
    report.outcome = .dryRun
    report.waitingTraces = try store.statistics().waiting
    let shard = try logShard()
    let address = shard?.log.url ?? url
    let get = { (path: String, purpose: String) in
      OutgoingRequest(method: "GET", url: address + path, body: [], purpose: purpose)
    }
    let post = { (path: String, body: [UInt8], purpose: String) in
      OutgoingRequest(method: "POST", url: address + path, body: body, purpose: purpose)
    }
    let record = try store.ledger(address)
    let log = try knownLog()
    if log == nil {
      report.requests.append(get("/v1/key", "asks for the log's public key, to pin it"))
    }
    report.requests.append(get("/v1/checkpoint", "asks for the log's signed state"))
    if shard != nil, record?.registered != identity.publicKey {
      report.requests.append(get("/v1/policy", "asks whether it names the same log shards"))
    }
    guard let log else {
      report.requests += try store.pendingParts(of: identity.publicKey).map {
        OutgoingRequest(
          method: "POST", url: address + "/v1/batches", body: $0,
          purpose: "public part of a trace, compressed with others under a signed header")
      }
      report.sentences = [
        "The log's key is not known yet, so the batch cannot be sealed; its parts are shown."
      ]
      return report
    }
    if record?.registered != identity.publicKey {
      let body = try AgentRegistration.sign(
        origin: log.name, identity: identity,
        proof: invitation.map { .invitation($0) } ?? .none)
      report.requests.append(
        post(
          "/v1/agents", body,
          "registers this agent's public key, with proof of possession; a ledger that asks for a "
            + "proof of work gets it in a second request, with a digest and a number added"))
    }
    while try store.sealPending(for: log, identity: identity, now: clock.now()) {}
    var batches = try store.unsettledBatches(log: log, agent: identity.publicKey)[...]
    while !batches.isEmpty {
      let group = TraceStore.firstGroup(of: Array(batches))
      batches = batches.dropFirst(group.count)
      let purpose = group.map(\.purpose).joined(separator: "; ")
      report.requests.append(
        group.count == 1
          ? post("/v1/batches", group[0].submission.encode(), purpose)
          : post(
            "/v1/batches/group", SubmissionGroup(group.map(\.submission)).encode(), purpose))
    }
    return report
  }
}

extension OutboxBatch {
  /// What the person is told of it.
  fileprivate var purpose: String {
    state == .quarantined
      ? "header alone of the refused batch \(sequence)"
      : "batch \(sequence) with \(Phrase.count(count, "trace"))"
  }
}
