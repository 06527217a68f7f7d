import AsyncHTTPClient
import NIOCore

/// One request to a server, and its answer as text.
package enum HTTP {
  package struct Answer: Sendable {
    package let status: UInt
    package let type: String?
    package let body: String
  }

  /// Does not try again where nobody listens: servers are killed here.
  private static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()

  package static func get(_ url: String) async throws -> Answer {
    try await send(HTTPClientRequest(url: url))
  }

  package static func post(
    _ url: String, _ body: [UInt8], timeout: TimeAmount = .seconds(120)
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.body = .bytes(ByteBuffer(bytes: body))
    return try await send(request, timeout: timeout)
  }

  private static func send(
    _ request: HTTPClientRequest, timeout: TimeAmount = .seconds(120)
  ) async throws -> Answer {
    let response = try await client.execute(request, timeout: timeout)
    let body = try await response.body.collect(upTo: 1 << 20)
    return Answer(
      status: response.status.code, type: response.headers.first(name: "content-type"),
      body: String(buffer: body))
  }
}
