import Corpus
import Foundation
import LedgerSync
import LedgerWire
import TransparencyLog

extension AgentSession {
  /// Sends what waits and verifies receipts; the report words what happened.
  package func synchronize() async throws -> SyncReport {
    try await synchronizer().sync()
  }

  /// Every request of a sync, with the exact bytes, as lines; nothing is sent.
  package func dryRun() async throws -> [String] {
    let report = try await synchronizer(network: false).sync(dryRun: true)
    var lines: [String] = []
    for request in report.requests {
      lines.append("\(request.method) \(request.url)")
      lines.append("  \(request.purpose); \(request.body.count) bytes")
      lines += Self.hexadecimal(request.body)
    }
    return lines + report.sentences
  }

  /// Forgets the pinned key and the last checkpoint of the ledger, and says so.
  package func forgetLedger() throws -> String {
    let address = try ledgerAddress(network: false)
    try store().forgetLedger(address)
    return "forgot the key and the checkpoint of \(address); the next sync pins what it finds"
  }

  /// Syncs now and at every interval until `isCancelled` turns true.
  package func synchronizePeriodically(
    isCancelled: @escaping @Sendable () -> Bool, report: @escaping @Sendable (String) -> Void
  ) async throws {
    let synchronizer = try synchronizer()
    let interval = settings.syncInterval
    report("syncing every \(interval) seconds; ^C ends")
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await synchronizer.run(every: interval) { outcome in
          outcome.sentences.forEach(report)
        }
      }
      group.addTask {
        while !isCancelled(), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(100)) }
      }
      await group.next()
      group.cancelAll()
    }
  }

  /// For each contributor a line with the credits of a period, and one for each shard: how it stands.
  package func statements(of keys: [ContributorKey], period: String?) async throws -> [String] {
    let period = period ?? Self.currentPeriod()
    let statements = try await askingAll { client in
      var messages: [StatementMessage] = []
      for key in keys { messages.append(try await client.statement(of: key, period: period)) }
      return messages
    }
    let messages = try keys.indices.map { index in
      guard let total = StatementMessage.total(of: statements.map { $0[index] }) else {
        throw LedgerFailure.garbage("statement: found numbers that no log can have")
      }
      return total
    }
    let rows = zip(keys, messages).map { key, message in
      [
        period, key.short, message.name ?? name(of: key),
        "\(message.answers) \(message.answers == 1 ? "answer" : "answers")",
        "credit \(Figures.decimal(Double(message.sharePPM) / 1e6, 3))",
      ]
    }
    return zip(Figures.table(rows), zip(keys, messages)).flatMap { line, statement in
      [line] + shardLines(of: statement.0, statement.1)
    }
  }

  /// The contributors of the installed shards, each once, by key.
  package func installedContributors() throws -> [ContributorKey] {
    Set(try shards().list().map(\.manifest.contributor)).sorted()
  }

  private func name(of key: ContributorKey) -> String {
    let shards = (try? shards().list()) ?? []
    return shards.first { $0.manifest.contributor == key }?.manifest.contributorName ?? "(unknown)"
  }

  private func synchronizer(network: Bool = true) throws -> Synchronizer {
    try Synchronizer(
      store: store(), identity: agentIdentity(), ledger: ledgerAddress(network: network),
      logKey: settings.ledgerKey, witnesses: settings.witnessPolicy(),
      invitation: settings.invitation)
  }

  func asking<Answer: Sendable>(
    _ body: @Sendable (LedgerClient) async throws -> Answer
  ) async throws -> Answer {
    try await LedgerClient.connect(to: ledgerAddress(network: true), body)
  }

  private func ledgerAddress(network: Bool) throws -> String {
    guard let address = settings.ledger else {
      throw AgentError(
        .unavailable, "no ledger is set", hint: "tributary config set ledger https://...")
    }
    guard !network || !settings.offline else {
      throw AgentError(
        .unavailable, "the agent is set to stay offline; nothing was sent",
        hint: "tributary config set offline false")
    }
    return address
  }

  private static func currentPeriod() -> String {
    String(time(Int(Date().timeIntervalSince1970)).prefix(7))
  }

  /// Rows of 32 bytes: offset and hexadecimal digits.
  private static func hexadecimal(_ bytes: [UInt8]) -> [String] {
    stride(from: 0, to: bytes.count, by: 32).map { start in
      let row = bytes[start..<min(start + 32, bytes.count)]
      return "  \(Figures.right(String(start, radix: 16), 6))  \(Hex.encode(row))"
    }
  }
}
