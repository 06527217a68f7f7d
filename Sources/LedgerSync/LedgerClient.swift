import AsyncHTTPClient
import Corpus
import Foundation
import LedgerWire
import NIOCore
import TransparencyLog

/// A ledger over HTTP: one bounded request at a time, to the given address and nowhere else.
package struct LedgerClient: Sendable {
  /// The largest answer that is read.
  static let maximumAnswerBytes = 1 << 20

  package let url: String
  private let http: HTTPClient
  private let timeout: Duration
  private let now: @Sendable () -> Int

  /// Runs `body` with a client for the ledger at `url`, and closes its connections.
  package static func connect<Result: Sendable>(
    to url: String, timeout: Duration = .seconds(30),
    now: @escaping @Sendable () -> Int = SyncClock.system.now,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (LedgerClient) async throws -> Result
  ) async throws -> Result {
    let url = try LedgerAddress.normalize(url)
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(10)), decompression: .disabled)
    configuration.httpVersion = .http1Only
    // A refused connection is reported at once; the outbox has its own, durable, waiting.
    configuration.connectionPool.retryConnectionEstablishment = false
    let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let client = LedgerClient(url: url, http: http, timeout: timeout, now: now)
    do {
      let result = try await body(client)
      try await http.shutdown()
      return result
    } catch {
      try await http.shutdown()
      throw error
    }
  }

  private init(
    url: String, http: HTTPClient, timeout: Duration, now: @escaping @Sendable () -> Int
  ) {
    self.url = url
    self.http = http
    self.timeout = timeout
    self.now = now
  }
}

extension LedgerClient {
  /// The log's public key; worth what the connection is worth, so pin it.
  package func key() async throws -> NoteVerifier {
    let text = String(decoding: try await get("/v1/key"), as: UTF8.self)
    do throws(NoteError) {
      return try NoteVerifier(vkey: text.trimmingCharacters(in: .newlines))
    } catch {
      throw LedgerFailure.garbage("\(error)")
    }
  }

  /// The latest signed checkpoint, not yet verified.
  package func checkpoint() async throws -> SignedNote {
    try note(try await get("/v1/checkpoint"), "checkpoint")
  }

  /// The signed batch header at a position of the log: the bytes of the leaf.
  package func entry(_ index: Int) async throws -> [UInt8] {
    try await get("/v1/entries/\(index)")
  }

  /// The payload of the batch at a position; nil if its header was logged alone.
  package func payload(_ index: Int) async throws -> [UInt8]? {
    do {
      return try await get("/v1/entries/\(index)/payload")
    } catch let refusal as LedgerRefusal where refusal.error == .notFound {
      return nil
    }
  }

  /// The proof that the log only grew between two sizes, not yet checked.
  package func consistency(from old: UInt64, to new: UInt64) async throws -> ConsistencyProof {
    let path = try await path("/v1/proof/consistency?from=\(old)&to=\(new)")
    return ConsistencyProof(oldSize: old, newSize: new, path: path)
  }

  /// The audit path of a leaf in the tree of that size, not yet checked.
  func inclusion(of index: UInt64, in size: UInt64) async throws -> [TreeHash] {
    try await path("/v1/proof/inclusion?index=\(index)&size=\(size)")
  }

  private func path(_ request: String) async throws -> [TreeHash] {
    let message: ProofMessage = try json(try await get(request))
    let path = message.hashes.compactMap { strictBase64($0).flatMap { TreeHash(bytes: $0) } }
    guard path.count == message.hashes.count else {
      throw LedgerFailure.garbage("proof: found other text, expected base64 hashes")
    }
    return path
  }

  /// The log's terms, a signed note that is not yet verified.
  func policyNote() async throws -> SignedNote {
    try note(try await get("/v1/policy"), "policy")
  }

  /// Sends a signed registration.
  @discardableResult
  func registerAgent(_ signed: [UInt8], forClaims: Bool = false) async throws -> AgentMessage {
    try json(try await post(forClaims ? "/v1/agents?for=claims" : "/v1/agents", signed))
  }

  /// Credits of a contributor, of one period (`2026-11`) or of all.
  package func statement(
    of contributor: ContributorKey, period: String? = nil
  ) async throws -> StatementMessage {
    let query = period.map { "?period=\($0)" } ?? ""
    return try json(try await get("/v1/contributors/\(contributor.hex)/statement\(query)"))
  }

  /// Agents that signed two batches with one number.
  package func equivocations() async throws -> [EquivocationMessage] {
    try json(try await get("/v1/equivocations"))
  }

  /// Sends a batch and returns its receipt, not yet verified.
  func submit(_ submission: BatchSubmission) async throws -> LogProof {
    let message: ReceiptMessage = try json(
      try await post("/v1/batches", submission.encode(), type: BatchSubmission.contentType))
    return try message.logProof()
  }

  /// Sends batches in one request and returns what became of each: its receipt, not yet verified, or
  /// nil where the ledger refused it.
  func submit(_ group: SubmissionGroup) async throws -> [LogProof?] {
    let message: GroupMessage = try json(
      try await post("/v1/batches/group", group.encode(), type: SubmissionGroup.contentType))
    guard message.outcomes.count == group.submissions.count else {
      throw LedgerFailure.garbage(
        "found \(message.outcomes.count) outcomes, expected \(group.submissions.count)")
    }
    return try message.outcomes.map { outcome in
      do {
        return try outcome.proof.map { try LogProof(encoded: Array($0.utf8)) }
      } catch let error as NoteError {
        throw LedgerFailure.garbage("receipt: \(error)")
      }
    }
  }
}

extension LedgerClient {
  func get(_ path: String) async throws -> [UInt8] {
    try await send(HTTPClientRequest(url: url + path))
  }

  func post(
    _ path: String, _ body: [UInt8], type: String = "application/cose"
  ) async throws -> [UInt8] {
    var request = HTTPClientRequest(url: url + path)
    request.method = .POST
    request.headers.add(name: "content-type", value: type)
    request.body = .bytes(ByteBuffer(bytes: body))
    return try await send(request)
  }

  /// The body of a 2xx answer; everything else is thrown as what it means.
  private func send(_ request: HTTPClientRequest) async throws -> [UInt8] {
    let answer: Answer
    do {
      answer = try await withDeadline(timeout) { [http] in
        let response = try await http.execute(request, timeout: .hours(1))
        let body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
        return Answer(
          status: response.status.code, retryAfter: response.headers.first(name: "retry-after"),
          body: Array(buffer: body))
      }
    } catch let error as CancellationError {
      throw error
    } catch {
      try Task.checkCancellation()
      throw LedgerFailure(transport: error, timeout: timeout)
    }
    return try answer.content(now: now())
  }

  func json<Message: Decodable>(_ bytes: [UInt8]) throws -> Message {
    do {
      return try JSONDecoder().decode(Message.self, from: Data(bytes))
    } catch {
      throw LedgerFailure.garbage("found other bytes, expected the JSON of \(Message.self)")
    }
  }

  private func note(_ bytes: [UInt8], _ what: String) throws -> SignedNote {
    do throws(NoteError) {
      return try SignedNote(encoded: bytes)
    } catch {
      throw LedgerFailure.garbage("\(what): \(error)")
    }
  }
}

/// An HTTP answer that was read whole.
private struct Answer: Sendable {
  let status: UInt
  let retryAfter: String?
  let body: [UInt8]

  /// The body of a success; refusals in the ledger's own words are thrown as such, and the rest as
  /// something to try again later.
  func content(now: Int) throws -> [UInt8] {
    if (200..<300).contains(status) { return body }
    let wait = retryAfter.flatMap { RetryAfter.seconds($0, now: now) }
    let refusal = try? JSONDecoder().decode(LedgerRefusal.self, from: Data(body))
    switch status {
    case 429: throw LedgerFailure.tooManyRequests(wait: wait)
    case 500...: throw LedgerFailure.unwell(status: status, wait: wait)
    case 400..<500:
      // A proxy or a sign-in page answers 4xx too; only the ledger's own words are final.
      guard let refusal, refusal.error.httpStatus == Int(status) else { fallthrough }
      throw refusal
    default: throw LedgerFailure.garbage("found HTTP status \(status), expected 200")
    }
  }
}
