import Foundation
import LedgerTestSupport

/// Somebody between the agent and a real ledger, who sees every byte and may change some.
struct Interposer {
  let server: HostileServer

  var url: String { server.url }
  /// Every request that passed, as its bytes.
  var requests: [[UInt8]] { server.requests }

  /// Starts between an agent and the ledger on that port.
  ///
  /// `tamper` gets a request and the ledger's answer to it, and says what the agent gets; the
  /// ledger has acted by then. `intercept` may answer in the ledger's place.
  init(
    port: Int,
    intercept: @escaping @Sendable ([UInt8]) -> HostileServer.Reaction? = { _ in nil },
    tamper: @escaping @Sendable ([UInt8], [UInt8]) -> HostileServer.Reaction = { .bytes($1) }
  ) throws {
    server = try HostileServer { request in
      if let reaction = intercept(request) { return reaction }
      guard let answer = Self.forward(request, to: port) else { return .hangUp }
      return tamper(request, answer)
    }
  }

  func stop() { server.stop() }

  static func forward(_ request: [UInt8], to port: Int) -> [UInt8]? {
    guard let upstream = Sockets.connect(port: port) else { return nil }
    defer { close(upstream) }
    guard Sockets.write(upstream, request) else { return nil }
    return Sockets.readMessage(upstream)
  }
}

extension [UInt8] {
  /// The request line's method and path.
  var requestLine: String {
    String(decoding: prefix { $0 != 13 }, as: UTF8.self)
  }

  var isBatch: Bool { requestLine.hasPrefix("POST /v1/batches") }

  /// What follows the head of an HTTP message.
  var httpBody: [UInt8] {
    guard let end = firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return [] }
    return Array(self[end...])
  }

  func contains(text: String) -> Bool { firstRange(of: Array(text.utf8)) != nil }
}
