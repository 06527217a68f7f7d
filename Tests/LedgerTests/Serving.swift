import Logging
import ServiceLifecycle
import Testing

@testable import Ledger

/// Runs `body` while a ledger serves on a port of its own.
func serving(
  _ ledger: TestLedger? = nil, batching: Batching = .immediate,
  deadlines: RequestDeadlines = RequestDeadlines(),
  _ body: (_ url: String, _ ledger: TestLedger) async throws -> Void
) async throws {
  let ledger = try ledger ?? TestLedger()
  let (ports, listening) = AsyncStream.makeStream(of: Int.self)
  var logger = Logger(label: "test")
  logger.logLevel = .critical
  let server = LedgerServer(
    store: ledger.store, host: "127.0.0.1", port: 0, batching: batching, deadlines: deadlines,
    logger: logger,
    onListening: { listening.yield($0) })
  let group = ServiceGroup(services: [server], logger: logger)
  let running = Task { try await group.run() }
  let port = await ports.first { _ in true }
  do {
    try await body("http://127.0.0.1:\(try #require(port))", ledger)
  } catch {
    running.cancel()
    throw error
  }
  await group.triggerGracefulShutdown()
  try await running.value
}
