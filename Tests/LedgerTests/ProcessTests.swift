import Foundation
import LedgerTestSupport
import TestSupport
import Testing

@Suite struct ProcessTests {
  private func run(_ arguments: [String]) async throws -> ProcessEnding {
    try await LedgerProcess.run(arguments)
  }

  @Test func `it says where it listens and stops when asked to`() async throws {
    let folder = try TemporaryFolder()
    let server = try LedgerProcess.serve(folder.path + "/log")
    #expect(server.url.hasPrefix("http://127.0.0.1:"))
    #expect(server.stop() == 0)
    let key = try await run(["key", "--data", folder.path + "/log"])
    #expect(key.status == 0)
    #expect(key.output.hasPrefix("tributary.local/ledger+"))
  }

  @Test func `exit codes and messages say what to do`() async throws {
    let folder = try TemporaryFolder()
    #expect(try await run(["--help"]).status == 0)
    #expect(try await run(["serve"]).status == 64)
    for option in [["--port", "70000"], ["--batch-interval", "-1"], ["--batch-size", "0"]] {
      #expect(try await run(["serve", "--data", folder.path] + option).status == 64)
    }
    #expect(try await run(["fsck", "--data", folder.path + "/none"]).status == 66)
    let missing = try await run(["key", "--data", folder.path + "/none"])
    #expect(missing.status == 66)
    #expect(missing.errors.contains("tributary-ledger key --data"))
    let unusable = try await run(["serve", "--data", "/dev/null/log"])
    #expect(unusable.status == 73)
    let taken = try await run([
      "serve", "--data", folder.path, "--host", "192.0.2.1", "--port", "1",
    ])
    #expect(taken.status == 69)
  }
}
