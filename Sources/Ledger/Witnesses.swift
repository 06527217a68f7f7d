import AsyncHTTPClient
import Foundation
import Logging
import TransparencyLog
import Witness

/// The witnesses that a log asks to cosign every checkpoint before anybody gets it in a receipt.
package actor Witnesses {
  /// After failures a witness is left alone, at most for this many seconds, so that one that is down
  /// does not hold up every integration.
  static let longestPause = 60

  package struct Settings: Sendable {
    package var witnesses: [(url: String, verifier: CosignatureVerifier)]
    /// The longest that the witnesses hold up one integration.
    package var timeout = Duration.seconds(2)
    /// How many of them have to have cosigned before a receipt is given; 0 for none.
    package var quorum: Int

    /// Without a quorum a majority is demanded.
    package init(
      _ witnesses: [(url: String, verifier: CosignatureVerifier)], quorum: Int? = nil,
      timeout: Duration = .seconds(2)
    ) {
      self.witnesses = witnesses
      self.quorum = quorum ?? WitnessPolicy.majority(of: witnesses.count)
      self.timeout = timeout
    }

    /// Reads `URL=VKEY`.
    package static func read(
      _ text: String
    ) throws(NoteError) -> (url: String, verifier: CosignatureVerifier) {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      var url = String(parts[0])
      while url.hasSuffix("/") { url.removeLast() }
      let address = URLComponents(string: url)
      guard parts.count == 2, ["http", "https"].contains(address?.scheme),
        address?.host?.isEmpty == false
      else {
        throw NoteError(
          field: "witness", found: "\"\(text.prefix(200))\"",
          expected: "URL=VKEY, such as http://witness.example=NAME+ID+KEY")
      }
      return (url, try CosignatureVerifier(vkey: String(parts[1])))
    }
  }

  /// A witness that failed, as often as said in a row, is left alone until then.
  private struct Pause {
    var failures: Int
    var end: ContinuousClock.Instant
  }

  private struct Outcome: Sendable {
    let client: WitnessClient
    var line: SignedNote.Signature?
    var failure = ""
  }

  package nonisolated let quorum: Int
  private let timeout: Duration
  private let policy: WitnessPolicy
  private let clients: [WitnessClient]
  /// By the witness's name.
  private var pauses: [String: Pause] = [:]
  private let http: HTTPClient
  private let logger: Logger
  private let now: @Sendable () -> Int
  private let clock = ContinuousClock()

  /// Refuses witnesses that are not distinct.
  package init(
    _ settings: Settings, logger: Logger,
    now: @escaping @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }
  ) throws(NoteError) {
    policy = try WitnessPolicy(
      witnesses: settings.witnesses.map(\.verifier), quorum: max(1, settings.quorum))
    quorum = settings.quorum
    timeout = settings.timeout
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10)),
      decompression: .disabled)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    self.http = http
    clients = settings.witnesses.map {
      WitnessClient(url: $0.url, verifier: $0.verifier, http: http)
    }
    self.logger = logger
    self.now = now
  }

  /// Closes the connections; nothing can be cosigned afterwards.
  nonisolated func shutdown() {
    http.shutdown { [logger] error in
      if let error { logger.warning("connections to witnesses: \(error)") }
    }
  }

  /// Whether enough witnesses cosigned for a receipt.
  nonisolated func isEnough(_ note: SignedNote) -> Bool {
    if quorum == 0 { return true }
    if case .valid = policy.check(note, now: now()) { return true }
    return false
  }

  /// The checkpoint with the cosignatures of the witnesses that answer in time, all asked at once.
  ///
  /// `earlier` is the one before it. `prove` gives the consistency proof from a size to the checkpoint's.
  func cosign(
    _ note: SignedNote, after earlier: SignedNote?,
    prove: @escaping @Sendable (UInt64) async throws -> [TreeHash]
  ) async -> SignedNote {
    let timeout = timeout
    var lines: [String: SignedNote.Signature] = [:]
    await withTaskGroup(of: Outcome.self) { group in
      for client in clients where isDue(client, note) {
        group.addTask {
          do {
            let line = try await client.cosign(
              note, after: earlier, within: timeout, prove: prove)
            return Outcome(client: client, line: line)
          } catch {
            return Outcome(client: client, failure: "\(error)")
          }
        }
      }
      for await outcome in group {
        record(outcome)
        if let line = outcome.line, isDatedWell(line, by: outcome.client.verifier, note) {
          lines[line.name] = line
        }
      }
    }
    return note.adding(clients.compactMap { lines[$0.verifier.name] })
  }

  private func isDue(_ client: WitnessClient, _ note: SignedNote) -> Bool {
    if let pause = pauses[client.verifier.name], clock.now < pause.end { return false }
    return client.verifier.verify(note) == .absent
  }

  /// Whether agents will believe the time; one line from the far future would spoil the receipt.
  private func isDatedWell(
    _ line: SignedNote.Signature, by verifier: CosignatureVerifier, _ note: SignedNote
  ) -> Bool {
    guard case .valid(let cosignature) = verifier.verify(note.adding([line])) else { return false }
    if cosignature.time <= UInt64(max(0, now())) + 3600 { return true }
    logger.warning("\(line.name) dates its cosignature at \(cosignature.time); it is left out")
    return false
  }

  private func record(_ outcome: Outcome) {
    let (name, url) = (outcome.client.verifier.name, outcome.client.url)
    let before = pauses.removeValue(forKey: name)
    guard outcome.line == nil else {
      if before != nil { logger.notice("witness \(name) cosigns again") }
      return
    }
    let failures = (before?.failures ?? 0) + 1
    let seconds = min(Self.longestPause, 1 << min(failures - 1, 10))
    pauses[name] = Pause(failures: failures, end: clock.now + .seconds(seconds))
    logger.warning(
      "witness \(name) at \(url) did not cosign: \(outcome.failure); again in \(seconds) s")
  }
}
