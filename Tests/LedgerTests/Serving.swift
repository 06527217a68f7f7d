import LedgerTestSupport

@testable import Ledger

/// Runs `body` while a ledger serves on a port of its own.
func serving(
  _ ledger: TestLedger? = nil, batching: Batching = .immediate,
  deadlines: RequestDeadlines = RequestDeadlines(),
  _ body: (_ url: String, _ ledger: TestLedger) async throws -> Void
) async throws {
  let ledger = try ledger ?? TestLedger()
  let server = try await RunningService { logger, onListening in
    LedgerServer(
      store: ledger.store, host: "127.0.0.1", port: 0, batching: batching, deadlines: deadlines,
      logger: logger, onListening: onListening)
  }
  do {
    try await body(server.url, ledger)
  } catch {
    server.cancel()
    throw error
  }
  try await server.stop()
}
