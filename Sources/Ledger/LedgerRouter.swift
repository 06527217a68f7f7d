import Corpus
import Foundation
import Hummingbird
import LedgerWire
import NIOCore
import TransparencyLog

/// The HTTP API, as docs/ledger-api.md describes it.
struct LedgerRouter {
  let service: LedgerService

  func build() -> Router<BasicRequestContext> {
    let router = Router(options: .autoGenerateHeadEndpoints)
    router.add(middleware: RefusalMiddleware(metrics: service.metrics))
    router.get("/healthz") { _, _ in Response.text("ok\n") }
    router.get("/metrics") { [metrics = service.metrics] _, _ in
      Response.bytes(Array(metrics.text.utf8), type: "text/plain; version=0.0.4; charset=utf-8")
    }
    let group = router.group("/v1")
    addRegistration(to: group)
    addLog(to: group)
    addStatements(to: group)
    addContests(to: group)
    addTiles(to: router)
    return router
  }

  private func addRegistration(to group: RouterGroup<BasicRequestContext>) {
    let service = service
    group.get("/policy") { _, _ in Response.text(try await service.policy()) }
    group.post("/agents") { request, _ in
      let body = try await request.bytes(maximum: LedgerLimits.registrationBytes)
      return try Response.json(
        try await service.registerAgent(body, forClaims: request.isForClaims()))
    }
    group.get("/agents/:key") { _, context in
      try Response.json(try await service.agent(context.key("key")))
    }
    group.post("/shards") { request, _ in
      let body = try await request.bytes(maximum: LedgerLimits.claimSubmissionBytes)
      return try Response.json(try await service.registerShard(body))
    }
    group.get("/shards/:root") { _, context in
      try service.checkRegistry("shard")
      let text = try context.parameters.require("root")
      guard let root = Corpus.Digest(hex: text) else {
        throw LedgerRefusal.malformed("root", text, "64 hexadecimal digits")
      }
      return try Response.json(try await service.store.shard(root))
    }
  }

  private func addLog(to group: RouterGroup<BasicRequestContext>) {
    let service = service
    group.post("/batches") { request, _ in
      let body = try await request.bytes(maximum: LedgerLimits.submissionBytes)
      return try Response.json(try await service.submit(body))
    }
    group.post("/batches/group") { request, _ in
      let body = try await request.bytes(maximum: LedgerLimits.submissionBytes)
      return try Response.json(try await service.submit(group: body))
    }
    group.get("/key") { _, _ in Response.text(service.store.verifier.vkey + "\n") }
    group.get("/checkpoint") { _, _ in Response.text(try await service.store.checkpoint()) }
    group.get("/entries/:index") { _, context in
      Response.cbor(try await service.store.entry(at: context.index(), payload: false))
    }
    group.get("/entries/:index/payload") { _, context in
      Response.cbor(try await service.store.entry(at: context.index(), payload: true))
    }
    group.get("/proof/inclusion") { request, _ in
      let path = try await service.store.inclusion(
        index: request.number("index"), size: request.number("size"))
      return try Response.json(ProofMessage(hashes: path.map(\.base64)))
    }
    group.get("/proof/consistency") { request, _ in
      let path = try await service.store.consistency(
        from: request.number("from"), to: request.number("to"))
      return try Response.json(ProofMessage(hashes: path.map(\.base64)))
    }
    group.get("/equivocations") { _, _ in
      try Response.json(try await service.store.equivocations())
    }
  }

  private func addStatements(to group: RouterGroup<BasicRequestContext>) {
    let service = service
    group.get("/contributors/:key/statement") { request, context in
      let period = request.uri.queryParameters["period"].map(String.init)
      if let period, !Period.isValid(period) {
        throw LedgerRefusal.malformed("period", period, "a month such as 2026-11")
      }
      return try Response.json(
        try await service.store.statement(of: context.key("key"), period: period))
    }
  }
}

extension LedgerRefusal {
  static func malformed(_ field: String, _ found: String, _ expected: String) -> LedgerRefusal {
    LedgerRefusal(.malformed, field: field, found: String(found.prefix(100)), expected: expected)
  }
}

extension BasicRequestContext {
  func key(_ name: String) throws -> ContributorKey {
    let text = try parameters.require(name)
    guard let key = ContributorKey(hex: text) else {
      throw LedgerRefusal.malformed(name, text, "64 hexadecimal digits of an Ed25519 key")
    }
    return key
  }

  func index() throws -> Int {
    let text = try parameters.require("index")
    guard let index = Int(text), index >= 0 else {
      throw LedgerRefusal.malformed("index", text, "a number from 0")
    }
    return index
  }
}

extension Request {
  /// Whether an agent is registered to make claims and contests, and not to send batches.
  fileprivate func isForClaims() throws -> Bool {
    switch uri.queryParameters["for"] {
    case nil: false
    case "claims": true
    case let other?: throw LedgerRefusal.malformed("for", String(other), "claims, or nothing")
    }
  }

  func number(_ name: String) throws -> Int {
    let text = uri.queryParameters[Substring(name)].map(String.init)
    guard let number = text.flatMap({ Int($0) }), number >= 0 else {
      throw LedgerRefusal.malformed(name, text ?? "nothing", "a number from 0")
    }
    return number
  }

  /// The body; one that says or turns out to be larger is refused without being kept.
  func bytes(maximum: Int) async throws -> [UInt8] {
    let tooLarge = { (found: String) in
      LedgerRefusal(.tooLarge, field: "body", found: found, expected: "at most \(maximum) bytes")
    }
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > maximum {
      throw tooLarge("\(length) bytes")
    }
    do {
      return Array(buffer: try await body.collect(upTo: maximum))
    } catch is NIOTooManyBytesError {
      throw tooLarge("more")
    }
  }
}

extension Response {
  static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok
  ) throws -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return bytes(Array(try encoder.encode(value)), type: "application/json", status: status)
  }

  static func text(_ text: String) -> Response {
    bytes(Array(text.utf8), type: "text/plain; charset=utf-8", status: .ok)
  }

  static func cbor(_ bytes: [UInt8]) -> Response {
    self.bytes(bytes, type: "application/cbor", status: .ok)
  }

  static func bytes(
    _ bytes: [UInt8], type: String, status: HTTPResponse.Status = .ok
  ) -> Response {
    Response(
      status: status, headers: [.contentType: type],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
