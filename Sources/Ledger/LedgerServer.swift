import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// A ledger that listens on a port until it is told to stop.
package struct LedgerServer: Service {
  /// Idle connections, and requests that stop arriving, are closed after this time.
  static let idleTimeout = TimeAmount.seconds(30)

  private let service: LedgerService
  private let host: String
  private let port: Int
  private let logger: Logger
  private let onListening: @Sendable (Int) async -> Void

  /// Port 0 lets the system choose; `onListening` gets the port in use.
  package init(
    store: LedgerStore, host: String, port: Int, batching: Batching = .immediate,
    logger: Logger,
    onListening: @escaping @Sendable (Int) async -> Void
  ) {
    service = LedgerService(store: store, batching: batching)
    self.host = host
    self.port = port
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until graceful shutdown; requests that were accepted are answered first.
  package func run() async throws {
    try await service.start()
    let onListening = onListening
    let application = Application(
      router: LedgerRouter(service: service).build(),
      server: .http1(configuration: .init(idleTimeout: Self.idleTimeout)),
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
}
