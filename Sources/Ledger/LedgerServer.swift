import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle

/// A ledger that listens on a port until it is told to stop.
package struct LedgerServer: Service {
  private let service: LedgerService
  private let host: String
  private let port: Int
  private let tls: TLSConfiguration?
  private let deadlines: RequestDeadlines
  private let logger: Logger
  private let onListening: @Sendable (Int) async -> Void

  /// Port 0 lets the system choose; `onListening` gets the port in use.
  package init(
    store: LedgerStore, host: String, port: Int, batching: Batching = .immediate,
    tls: TLSConfiguration? = nil, deadlines: RequestDeadlines = RequestDeadlines(),
    logger: Logger,
    onListening: @escaping @Sendable (Int) async -> Void
  ) {
    service = LedgerService(store: store, batching: batching, logger: logger)
    self.host = host
    self.port = port
    self.tls = tls
    self.deadlines = deadlines
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until graceful shutdown; requests that were accepted are answered first.
  package func run() async throws {
    defer { service.store.witnesses?.shutdown() }
    try await service.start()
    let following = Task { [service] in await service.follow() }
    defer { following.cancel() }
    let onListening = onListening
    let application = Application(
      router: LedgerRouter(service: service).build(),
      server: try server(),
      configuration: .init(address: .hostname(host, port: port)),
      onServerRunning: { channel in
        await onListening(channel.localAddress?.port ?? 0)
      },
      logger: logger)
    try await withGracefulShutdownHandler {
      try await application.run()
    } onGracefulShutdown: {
      // Requests that wait for their batch are answered first, so it must not wait for more.
      Task { [service] in await service.finish() }
    }
  }

  private func server() throws -> HTTPServerBuilder {
    let deadlines = deadlines
    let plain = HTTPServerBuilder { responder in
      ConnectionLoop(
        base: HTTP1Channel(
          responder: responder,
          configuration: .init(
            additionalChannelHandlers: [RequestDeadlineHandler(deadlines)],
            idleTimeout: deadlines.idle)))
    }
    guard let tls else { return plain }
    return try .tls(plain, tlsConfiguration: tls)
  }
}
