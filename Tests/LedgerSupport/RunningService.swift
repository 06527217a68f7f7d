import Logging
import ServiceLifecycle

/// A server that runs in this process on a port of the loopback interface.
package final class RunningService: Sendable {
  package struct NotListening: Error {}

  package let port: Int
  private let group: ServiceGroup
  private let running: Task<Void, any Error>

  package var url: String { "http://127.0.0.1:\(port)" }

  /// Starts what `make` returns, and waits until it has called what it is given.
  package init(
    _ make: (_ logger: Logger, _ onListening: @escaping @Sendable (Int) -> Void) -> any Service
  ) async throws {
    let (ports, listening) = AsyncStream.makeStream(of: Int.self)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let group = ServiceGroup(
      services: [make(logger) { listening.yield($0) }], logger: logger)
    self.group = group
    running = Task {
      defer { listening.finish() }
      try await group.run()
    }
    guard let port = await ports.first(where: { _ in true }) else {
      try await running.value
      throw NotListening()
    }
    self.port = port
  }

  package func stop() async throws {
    await group.triggerGracefulShutdown()
    try await running.value
  }

  /// Ends it without waiting for anybody.
  package func cancel() { running.cancel() }
}
