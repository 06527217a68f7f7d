import AsyncHTTPClient
import Corpus
import Foundation
import LedgerWire
import NIOCore
import TransparencyLog

/// Requests to one ledger, as many at once as there are agents.
struct Load {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// The times of requests, and of all of them together.
  struct Result {
    var latencies: [Double]
    var seconds: Double
    /// Some of the batches that were sent.
    var samples: [[UInt8]] = []

    func milliseconds(_ quantile: Double) -> String {
      let sorted = latencies.sorted()
      guard !sorted.isEmpty else { return "-" }
      let index = Int((quantile * Double(sorted.count - 1)).rounded())
      return String(format: "%.1f", sorted[index] * 1000)
    }
  }

  private let http: HTTPClient
  private let url: String
  private let origin: String

  /// Runs `body` with connections to a ledger, and closes them.
  static func connect(to url: String, _ body: (Load) async throws -> Void) async throws {
    var configuration = HTTPClient.Configuration(
      timeout: .init(connect: .seconds(10)), decompression: .disabled)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 4096
    let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    do {
      let key = try await send(http, url + "/v1/key", nil)
      let verifier = try NoteVerifier(
        vkey: String(decoding: key, as: UTF8.self).trimmingCharacters(in: .newlines))
      try await body(Load(http: http, url: url, origin: verifier.name))
    } catch {
      try await http.shutdown()
      throw error
    }
    try await http.shutdown()
  }

  /// New agents that the ledger knows.
  func register(_ count: Int, traces: Int) async throws -> Fleet {
    let contributors = try (0..<200).map { _ in
      try ContributorIdentity(name: "contributor").publicKey
    }
    var agents: [BenchAgent] = []
    for index in 0..<count {
      let agent = try BenchAgent(index: index, contributors: contributors)
      let record = try AgentRegistration.sign(origin: origin, identity: agent.identity)
      _ = try await Self.send(http, url + "/v1/agents", record)
      agents.append(agent)
    }
    return Fleet(agents: agents, traces: traces)
  }

  /// Every agent sends its next batch when it has its last receipt, until `batches` are sent.
  ///
  /// Batches are made before, some at a time, while the ledger rests: the times are of sending.
  ///
  /// With `together` above 1, so many agents send through one who forwards their batches in one
  /// request.
  @discardableResult
  func closedLoop(
    _ fleet: inout Fleet, batches: Int, together: Int = 1
  ) async throws -> Result {
    var result = Result(latencies: [], seconds: 0)
    let atOnce = max(fleet.count, 20_000 / max(1, fleet.traces))
    var left = batches
    while left > 0 {
      let count = min(atOnce, left)
      left -= count
      let bodies = try await fleet.prepare(count, origin: origin)
      let part = try await (together > 1 ? send(Self.groups(of: bodies, together)) : send(bodies))
      result.latencies += part.latencies
      result.seconds += part.seconds
      result.samples = part.samples
    }
    return result
  }

  /// The batches of so many agents at a time, in the order in which each sends its own.
  private static func groups(
    of bodies: [[[UInt8]]], _ together: Int
  ) throws -> [[SubmissionGroup]] {
    try stride(from: 0, to: bodies.count, by: together).map { start in
      let agents = bodies[start..<min(start + together, bodies.count)]
      return try (0..<(agents.map(\.count).max() ?? 0)).map { round in
        SubmissionGroup(
          try agents.filter { $0.count > round }.map { try BatchSubmission.decode($0[round]) })
      }
    }
  }

  /// The groups of each who forwards one after the other, all of them at once.
  private func send(_ forwarders: [[SubmissionGroup]]) async throws -> Result {
    let requests = forwarders.map { $0.map { ($0.encode(), $0.submissions.count) } }
    let start = ContinuousClock.now
    let times = try await withThrowingTaskGroup(of: [Double].self) { group in
      for requests in requests {
        group.addTask {
          var times: [Double] = []
          for (body, count) in requests {
            let start = ContinuousClock.now
            let answer = try await Self.send(http, url + "/v1/batches/group", body)
            times += Array(repeating: (ContinuousClock.now - start) / .seconds(1), count: count)
            let message = try JSONDecoder().decode(GroupMessage.self, from: Data(answer))
            guard message.outcomes.count == count,
              message.outcomes.allSatisfy({ $0.proof != nil })
            else { throw Failure(description: "a group without all receipts") }
          }
          return times
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    return Result(latencies: times, seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  /// Each agent's batches one after the other, all agents at once.
  private func send(_ bodies: [[[UInt8]]]) async throws -> Result {
    let start = ContinuousClock.now
    let times = try await withThrowingTaskGroup(of: [Double].self) { group in
      for bodies in bodies {
        group.addTask {
          var times: [Double] = []
          for body in bodies { times.append(try await submit(body)) }
          return times
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    return Result(
      latencies: times, seconds: (ContinuousClock.now - start) / .seconds(1),
      samples: bodies.compactMap(\.last))
  }

  /// Batches at their times; the time to a receipt counts from then, whoever was late.
  func openLoop(_ fleet: inout Fleet, rate: Int, seconds: Int) async throws -> Result {
    let start = ContinuousClock.now
    let (traces, agents) = (fleet.traces, fleet.agents)
    let parts = try await withThrowingTaskGroup(of: (Int, BenchAgent, [Double]).self) { group in
      for (index, agent) in agents.enumerated() {
        group.addTask {
          var (agent, times) = (agent, [Double]())
          for number in stride(from: index, to: rate * seconds, by: agents.count) {
            let body = try agent.next(origin: origin, traces: traces)
            let due = start + .seconds(1) * number / rate
            try await Task.sleep(until: due, clock: .continuous)
            _ = try await submit(body)
            times.append((ContinuousClock.now - due) / .seconds(1))
          }
          return (index, agent, times)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for (index, agent, _) in parts { fleet.agents[index] = agent }
    return Result(
      latencies: parts.flatMap(\.2), seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  /// Inclusion proofs of random leaves, one after the other.
  func proofs(count: Int, size: Int) async throws -> (times: Result, hashes: Int) {
    var (times, longest) = ([Double](), 0)
    for _ in 0..<count {
      let index = Int.random(in: 0..<size)
      let start = ContinuousClock.now
      let body = try await Self.send(
        http, url + "/v1/proof/inclusion?index=\(index)&size=\(size)", nil)
      times.append((ContinuousClock.now - start) / .seconds(1))
      let message = try JSONDecoder().decode(ProofMessage.self, from: Data(body))
      longest = max(longest, message.hashes.count)
    }
    return (Result(latencies: times, seconds: times.reduce(0, +)), longest)
  }

  /// The receipts of batches that are logged already, one after the other.
  func receiptsAgain(_ bodies: [[UInt8]]) async throws -> Result {
    var times: [Double] = []
    for body in bodies { times.append(try await submit(body)) }
    return Result(latencies: times, seconds: times.reduce(0, +))
  }

  /// Seconds to the receipt.
  private func submit(_ body: [UInt8]) async throws -> Double {
    let start = ContinuousClock.now
    _ = try await Self.send(http, url + "/v1/batches", body)
    return (ContinuousClock.now - start) / .seconds(1)
  }

  private static func send(
    _ http: HTTPClient, _ url: String, _ body: [UInt8]?
  ) async throws -> [UInt8] {
    var request = HTTPClientRequest(url: url)
    if let body {
      request.method = .POST
      request.body = .bytes(body)
    }
    let response = try await http.execute(request, timeout: .seconds(60))
    var buffer = try await response.body.collect(upTo: 1 << 20)
    let bytes = buffer.readBytes(length: buffer.readableBytes) ?? []
    guard response.status == .ok else {
      throw Failure(
        description:
          "\(url): HTTP \(response.status.code): \(String(decoding: bytes, as: UTF8.self))"
      )
    }
    return bytes
  }
}

/// Agents that take turns in sending.
struct Fleet {
  var agents: [BenchAgent]
  let traces: Int

  var count: Int { agents.count }

  /// The next batches of all agents, as many of each as of any other or one more.
  mutating func prepare(_ batches: Int, origin: String) async throws -> [[[UInt8]]] {
    let (share, rest, traces) = (batches / count, batches % count, traces)
    let parts = try await withThrowingTaskGroup(
      of: (index: Int, agent: BenchAgent, bodies: [[UInt8]]).self
    ) { group in
      for (index, agent) in agents.enumerated() {
        group.addTask {
          var agent = agent
          let bodies = try (0..<(share + (index < rest ? 1 : 0))).map { _ in
            try agent.next(origin: origin, traces: traces)
          }
          return (index, agent, bodies)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for part in parts { agents[part.index] = part.agent }
    return parts.map(\.bodies)
  }
}
