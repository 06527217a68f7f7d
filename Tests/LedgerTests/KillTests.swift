import Corpus
import Foundation
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import Ledger

/// A real server, killed at random instants while agents send.
@Suite struct KillTests {
  /// Leaves that the server acknowledged, by their positions.
  private actor Acknowledged {
    var headers: [Int: [UInt8]] = [:]

    func add(_ header: [UInt8], at position: Int) {
      #expect(headers[position] == nil || headers[position] == header)
      headers[position] = header
    }
  }

  private func post(_ url: String, _ body: [UInt8]) async throws -> HTTP.Answer {
    try await HTTP.post(url, body, timeout: .seconds(5))
  }

  /// Sends one batch after the other until the server is gone; what was not acknowledged is sent
  /// again the next time.
  private func send(_ start: TestAgent, to url: String, _ acknowledged: Acknowledged) async
    -> TestAgent
  {
    var agent = start
    var isRegistered = false
    while !Task.isCancelled {
      guard let batch = try? agent.retained ?? agent.batch([agent.trace()]) else { break }
      agent.retained = batch
      do {
        if !isRegistered {
          _ = try await post(url + "/v1/agents", agent.registration())
          isRegistered = true
        }
        let answer = try await post(url + "/v1/batches", batch.body)
        guard answer.status == 200 else {
          Issue.record("the server refused a batch: \(answer.body)")
          break
        }
        let receipt = try JSONDecoder().decode(ReceiptMessage.self, from: Data(answer.body.utf8))
        await acknowledged.add(batch.signedHeader, at: receipt.index)
        agent.advance(past: batch)
        agent.retained = nil
      } catch {
        break
      }
    }
    return agent
  }

  @Test func `killed at random instants a server loses no acknowledged leaf`() async throws {
    let folder = try TemporaryFolder()
    let data = folder.path + "/log"
    let acknowledged = Acknowledged()
    var agents = try (0..<4).map { _ in try TestAgent() }
    // More in a run of its own: see Benchmarks/crash.
    let kills = ProcessInfo.processInfo.environment["TRIBUTARY_KILLS"].flatMap { Int($0) } ?? 5
    for round in 0..<kills {
      let server = try LedgerProcess.serve(
        data, ["--batch-interval", "3", "--origin", TestAgent.origin])
      let sending = agents
      async let after = withTaskGroup(of: TestAgent.self) { group in
        for agent in sending { group.addTask { await send(agent, to: server.url, acknowledged) } }
        return await group.reduce(into: []) { $0.append($1) }
      }
      // Every other time the server has been at work for a while.
      let before = await acknowledged.headers.count
      let patience = ContinuousClock.now + .seconds(30)
      while round % 2 == 0, ContinuousClock.now < patience,
        await acknowledged.headers.count == before
      {
        try await Task.sleep(for: .milliseconds(5))
      }
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...300)))
      server.kill()
      agents = await after
      guard round % 4 == 3 || round == kills - 1 else { continue }
      let recovered = try LedgerProcess.serve(data, ["--origin", TestAgent.origin])
      let check = try await LedgerProcess.run(["fsck", "--data", data])
      #expect(check.status == 0, "\(check.output)")
      recovered.stop()
    }
    let headers = await acknowledged.headers
    #expect(!headers.isEmpty, "no process lived long enough to acknowledge anything")
    let store = try LedgerStore(folder: data, signer: LedgerKey.load(in: data))
    let log = PublicLog(store)
    let entries = try log.entries(of: log.checkpoint())
    for (position, header) in headers {
      #expect(position < entries.count && entries[position] == header)
    }
    #expect(Set(entries).count == entries.count, "a leaf is there twice")
  }
}
