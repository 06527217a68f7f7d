import Foundation
import LedgerTestSupport
import TestSupport
import Testing
import TransparencyLog

/// The witness as people run it: a process with a folder.
@Suite struct ProcessTests {
  private func start(_ arguments: [String]) throws -> ServerProcess {
    try ServerProcess(Process(program: "tributary-ledger", ["witness"] + arguments))
  }

  private func run(_ arguments: [String]) async throws -> ProcessEnding {
    try await LedgerProcess.run(["witness"] + arguments)
  }

  @Test func `it makes its key once, shows it, and keeps others off its folder`() async throws {
    let folder = try TemporaryFolder()
    let data = folder.path + "/witness"
    let log = try TestLog().appending(2)
    let missing = try await run(["--data", data, "--show-key"])
    #expect(missing.status == 66)
    let arguments = [
      "--data", data, "--name", "witness.example/w1", "--log", log.signer.verifier.vkey,
      "--port", "0",
    ]
    let witness = try start(arguments)
    #expect(try await run(arguments).errors.contains("another witness on this folder"))
    let key = try await run(["--data", data, "--show-key"])
    let verifier = try CosignatureVerifier(
      vkey: key.output.trimmingCharacters(in: .newlines))
    #expect(verifier.name == "witness.example/w1")
    let attributes = try FileManager.default.attributesOfItem(atPath: data + "/witness.key")
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    let answer = try await HTTP.cosign(witness.url, log.request(from: 0))
    #expect(try answer.cosignature(of: verifier, on: log.checkpoint()) != nil)
    #expect(witness.stop() == 0)

    var renamed = arguments
    renamed[3] = "witness.example/w2"
    let refused = try await run(renamed)
    #expect(refused.status == 65)
    #expect(refused.errors.contains("a witness never changes its name"))
    // A key without its memory would cosign any history.
    try FileManager.default.removeItem(atPath: data + "/witness.sqlite")
    let forgetful = try await run(arguments)
    #expect(forgetful.status == 65)
    #expect(forgetful.errors.contains("what this key cosigned"))
  }

  @Test func `a wrong command line is a usage error`() async throws {
    let folder = try TemporaryFolder()
    let log = try TestLog().signer.verifier.vkey
    let base = ["--data", folder.path]
    #expect(try await run([]).status == 64)
    #expect(try await run(base + ["--name", "w"]).status == 64)
    #expect(try await run(base + ["--log", log]).status == 64)
    #expect(try await run(base + ["--name", "a b", "--log", log]).status == 64)
    let wrong = try await run(base + ["--name", "w", "--log", String(log.dropLast())])
    #expect(wrong.status == 64)
    #expect(wrong.errors.contains("log key"))
    #expect(try await run(base + ["--name", "w", "--log", log, "--port", "70000"]).status == 64)
    #expect(try await run(["--data", "/dev/null/x", "--name", "w", "--log", log]).status == 73)
  }

  @Test func `killed at any moment it never cosigns two histories`() async throws {
    let folder = try TemporaryFolder()
    let trunk = try TestLog().appending(4)
    let arguments = [
      "--data", folder.path + "/witness", "--name", "w", "--log", trunk.signer.verifier.vkey,
      "--port", "0",
    ]
    // Two histories with one key, both longer than all requests together can ask for.
    let histories = [trunk.appending(4000, "a"), trunk.appending(4000, "b")]
    var cosigned: [Int: TreeHash] = [:]
    var acknowledged = 0
    for _ in 0..<8 {
      let witness = try start(arguments)
      let killer = Task {
        try await Task.sleep(for: .microseconds(Int.random(in: 5_000...200_000)))
        witness.kill()
      }
      acknowledged = max(acknowledged, try await push(histories, witness.url, &cosigned))
      try await killer.value
      #expect(witness.wait() == nil)
    }
    let witness = try start(arguments)
    // What was acknowledged is remembered: the witness is at that size or a later one.
    let answer = try await HTTP.cosign(witness.url, trunk.request(from: 0))
    let remembered = try #require(Int(answer.body.trimmingCharacters(in: .newlines)))
    #expect(remembered >= acknowledged)
    witness.stop()
    // All that was ever cosigned is one history.
    let isOne = histories.contains { history in
      cosigned.allSatisfy { history.roots[$0.key] == $0.value }
    }
    #expect(isOne)
    #expect(!cosigned.isEmpty)
  }

  /// Offers both histories in turn until the witness is gone; the largest size it cosigned.
  private func push(
    _ histories: [TestLog], _ url: String, _ cosigned: inout [Int: TreeHash]
  ) async throws -> Int {
    var (known, largest) = (0, 0)
    for turn in 0... {
      let history = histories[turn % 2]
      let target = min(known + Int.random(in: 0...3), history.size)
      guard target > 0 else { continue }
      guard
        let answer = try? await HTTP.cosign(url, history.request(from: known, to: target))
      else { return largest }
      switch answer.status {
      case 200:
        cosigned[target] = history.roots[target]
        (known, largest) = (target, target)
      case 409 where answer.type == "text/x.tlog.size":
        known = try #require(Int(answer.body.trimmingCharacters(in: .newlines)))
      case 409, 422: break
      default: Issue.record("HTTP \(answer.status): \(answer.body)")
      }
    }
    return largest
  }
}
