import Corpus
import Hummingbird
import HummingbirdCore
import LedgerWire
import Logging
import NIOCore
import ServiceLifecycle
import TransparencyLog

/// A witness that listens on a port until it is told to stop.
package struct WitnessServer: Service {
  /// Idle connections are closed after this time.
  static let idleTimeout = TimeAmount.seconds(30)
  /// A request that has not arrived whole by then is given up.
  static let requestTime = Duration.seconds(10)
  /// More connections wait outside.
  static let maximumConnections = 1000

  private let service: WitnessService
  private let host: String
  private let port: Int
  private let logger: Logger
  private let onListening: @Sendable (Int) async -> Void

  /// Port 0 lets the system choose; `onListening` gets the port in use.
  package init(
    service: WitnessService, host: String, port: Int, logger: Logger,
    onListening: @escaping @Sendable (Int) async -> Void
  ) {
    self.service = service
    self.host = host
    self.port = port
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until graceful shutdown; requests that were accepted are answered first.
  package func run() async throws {
    let onListening = onListening
    let application = Application(
      router: router(),
      server: .http1(configuration: .init(idleTimeout: Self.idleTimeout)),
      configuration: .init(
        address: .hostname(host, port: port),
        availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)),
      onServerRunning: { channel in
        await onListening(channel.localAddress?.port ?? 0)
      },
      logger: logger)
    try await application.run()
  }

  private func router() -> Router<BasicRequestContext> {
    let router = Router()
    let (service, logger) = (service, logger)
    router.get("/healthz") { _, _ in Self.text(.ok, "ok\n") }
    router.post("/add-checkpoint") { request, _ in
      do {
        return Self.text(.ok, try await service.addCheckpoint(Self.body(of: request)))
      } catch let refusal as WitnessRefusal {
        return Self.answer(refusal)
      } catch is NIOTooManyBytesError {
        return Self.text(
          .contentTooLarge, "body: expected at most \(AddCheckpointRequest.maximumBytes) bytes\n")
      } catch is DeadlineError {
        return Self.text(.requestTimeout, "body: expected it within \(Self.requestTime)\n")
      } catch {
        logger.error("request failed: \(error)")
        return Self.text(.internalServerError, "the witness failed; nothing was cosigned\n")
      }
    }
    // The last cosigned checkpoint of a log, by the SHA-256 of its origin.
    router.get("/:log/checkpoint") { _, context in
      let wanted = try context.parameters.require("log")
      for origin in service.origins
      where Digest(sha256: Array(origin.utf8)).hex == wanted {
        if let last = try await service.store.last(origin) { return Self.text(.ok, last.note) }
      }
      return Self.text(.notFound, "no checkpoint of this log was cosigned here\n")
    }
    return router
  }

  private static func body(of request: Request) async throws -> [UInt8] {
    let maximum = AddCheckpointRequest.maximumBytes
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > maximum {
      throw NIOTooManyBytesError(maxBytes: maximum)
    }
    let body = request.body
    return try await withDeadline(requestTime) {
      Array(buffer: try await body.collect(upTo: maximum))
    }
  }

  private static func answer(_ refusal: WitnessRefusal) -> Response {
    let status = HTTPResponse.Status(code: refusal.status)
    guard case .otherSize(let size) = refusal else { return text(status, "\(refusal)\n") }
    return text(status, "\(size)\n", type: "text/x.tlog.size")
  }

  private static func text(
    _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
  ) -> Response {
    Response(
      status: status, headers: [.contentType: type],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}
