import AsyncHTTPClient
import Foundation
import LedgerTestSupport
import LedgerWire
import NIOCore
import NIOSSL
import TestSupport
import Testing
import TransparencyLog

@testable import Ledger

/// What a server does besides answering: TLS, metrics, log lines, deadlines, a graceful end.
@Suite struct HardeningTests {
  @Test func `with a certificate the log is served over TLS alone`() async throws {
    let folder = try TemporaryFolder()
    let certificate = try folder.write("server.pem", TestCertificate.certificate)
    let key = try folder.write("server.key", TestCertificate.key)
    let server = try LedgerProcess.serve(
      folder.path + "/log", ["--tls-certificate", certificate, "--tls-key", key])
    defer { server.kill() }
    let url = server.url
    #expect(url.hasPrefix("https://127.0.0.1:"))
    var configuration = HTTPClient.Configuration()
    configuration.tlsConfiguration = .makeClientConfiguration()
    configuration.tlsConfiguration?.trustRoots = .file(certificate)
    let client = HTTPClient(configuration: configuration)
    let answer = try await client.execute(
      HTTPClientRequest(url: url + "/checkpoint"), timeout: .seconds(120))
    let body = String(buffer: try await answer.body.collect(upTo: 1 << 16))
    try await client.shutdown()
    #expect(answer.status == .ok)
    #expect(body.hasPrefix("tributary.local/ledger\n0\n"))
    // Neither a client that does not trust the certificate nor one without TLS gets an answer.
    var strict = HTTPClient.Configuration()
    strict.connectionPool.retryConnectionEstablishment = false
    let stranger = HTTPClient(configuration: strict)
    for url in [url, url.replacing("https:", with: "http:")] {
      await #expect(throws: (any Error).self) {
        try await stranger.execute(
          HTTPClientRequest(url: url + "/checkpoint"), timeout: .seconds(120))
      }
    }
    try await stranger.shutdown()
  }

  @Test func `a certificate or key that is missing, unreadable or another's is refused`()
    async throws
  {
    let folder = try TemporaryFolder()
    let certificate = try folder.write("server.pem", TestCertificate.certificate)
    let key = try folder.write("server.key", TestCertificate.key)
    let other = try folder.write("other.key", TestCertificate.otherKey)
    let none = folder.path + "/none"
    let cases: [(certificate: String, key: String, status: Int32, word: String)] = [
      (none, key, 66, "none"), (certificate, none, 66, "none"), (key, key, 65, "server.key"),
      (certificate, certificate, 65, "server.pem"), (certificate, other, 65, "does not fit"),
    ]
    for item in cases {
      let result = try await LedgerProcess.run([
        "serve", "--data", folder.path + "/log", "--port", "0",
        "--tls-certificate", item.certificate, "--tls-key", item.key,
      ])
      #expect(result.status == item.status, "\(item): \(result.errors)")
      #expect(result.errors.contains(item.word), "\(item): \(result.errors)")
    }
    let half = try await LedgerProcess.run([
      "serve", "--data", folder.path + "/log", "--tls-key", key,
    ])
    #expect(half.status == 64)
  }

  @Test func `metrics count leaves, refusals and times`() async throws {
    try await serving { url, ledger in
      var agent = try TestAgent()
      _ = try await HTTP.post(url + "/v1/agents", agent.registration())
      let body = try agent.next([agent.trace()])
      for _ in 0..<2 { #expect(try await HTTP.post(url + "/v1/batches", body).status == 200) }
      _ = try await HTTP.post(url + "/v1/batches", agent.next([agent.trace()]))
      _ = try await HTTP.post(url + "/v1/batches", [1, 2, 3])
      let answer = try await HTTP.get(url + "/metrics")
      let text = answer.body
      #expect(answer.type?.hasPrefix("text/plain; version=0.0.4") == true)
      let lines = Set(text.split(separator: "\n").map(String.init))
      for line in [
        "tributary_tree_size 2", "tributary_leaves_total 2", "tributary_batches_waiting 0",
        "tributary_refusals_total{kind=\"malformed\"} 1",
        "tributary_refusals_total{kind=\"equivocation\"} 0",
        "tributary_integration_seconds_bucket{le=\"+Inf\"} 2",
        "tributary_integration_seconds_count 2", "tributary_submission_seconds_count 3",
        "# TYPE tributary_integration_seconds histogram",
      ] {
        #expect(lines.contains(line), "\(line) is not in \(text)")
      }
      let sums = lines.filter { $0.hasPrefix("tributary_integration_seconds_sum ") }
      #expect(sums.allSatisfy { Double($0.split(separator: " ")[1]).map { $0 > 0 } == true })
      #expect(sums.count == 1)
    }
  }

  @Test func `buckets of a histogram are cumulative`() {
    let metrics = LedgerMetrics()
    for milliseconds in [1, 7, 7, 300, 60_000] {
      metrics.receipted(in: .milliseconds(milliseconds))
    }
    for (bound, count) in [("0.005", 1), ("0.01", 3), ("0.25", 3), ("0.5", 4), ("10.0", 4)] {
      #expect(
        metrics.text.contains("tributary_submission_seconds_bucket{le=\"\(bound)\"} \(count)\n"))
    }
    #expect(metrics.text.contains("tributary_submission_seconds_bucket{le=\"+Inf\"} 5\n"))
  }

  @Test func `clients that are slow with head, body or answer are cut off`() async throws {
    var deadlines = RequestDeadlines()
    deadlines.idle = .seconds(4)
    deadlines.request = .seconds(4)
    deadlines.answer = .seconds(4)
    try await serving(deadlines: deadlines) { url, _ in
      let port = try #require(url.split(separator: ":").last.flatMap { Int($0) })
      let start = "POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-length: 10000\r\n\r\n"
      await withTaskGroup(of: Void.self) { group in
        for opening in ["", "GET /healthz HT", start, start + "some"] {
          group.addTask {
            let connection = try? RawConnection(port: port)
            connection?.send(opening)
            // One byte now and then keeps an idle time-out from seeing anything.
            let isClosed = await connection?.drip(
              "x", every: .milliseconds(200), for: .seconds(600))
            #expect(isClosed == true, "\(opening)")
          }
        }
      }
      // One who keeps up is served, on one connection, for longer than any deadline. On a busy
      // machine this test may be the one that does not keep up.
      var isServed = false
      for _ in 0..<10 where !isServed { isServed = try await keepsUp(port: port) }
      #expect(isServed)
    }
  }

  /// Whether four requests in five seconds are answered on one connection.
  private func keepsUp(port: Int) async throws -> Bool {
    let connection = try RawConnection(port: port)
    for _ in 0..<4 {
      connection.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
      guard await connection.read().contains("200 OK") else { return false }
      try await Task.sleep(for: .milliseconds(1200))
    }
    return true
  }

  @Test func `an answer that takes too long ends with the connection, and the batch is logged`()
    async throws
  {
    var deadlines = RequestDeadlines()
    deadlines.answer = .seconds(4)
    let ledger = try TestLedger()
    let batching = Batching(interval: .seconds(3600), size: 100)
    try await serving(ledger, batching: batching, deadlines: deadlines) { url, ledger in
      var agent = try TestAgent()
      try await ledger.registered(agent)
      let first = try agent.next([agent.trace()])
      // On a busy machine even this answer may take too long; the same batch gets the same receipt.
      var isAnswered = false
      for _ in 0..<20 where !isAnswered {
        isAnswered = (try? await HTTP.post(url + "/v1/batches", first).status) == 200
      }
      try #require(isAnswered)
      let body = try agent.next([agent.trace()])
      let port = try #require(url.split(separator: ":").last.flatMap { Int($0) })
      let connection = try RawConnection(port: port)
      let head = "POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-length: \(body.count)\r\n\r\n"
      connection.send(Array(head.utf8) + body)
      #expect(await connection.drip("", every: .milliseconds(200), for: .seconds(600)))
    }
    #expect(try await ledger.size() == 2)
  }

  @Test func `asked to stop, a server answers the batches that wait first`() async throws {
    let folder = try TemporaryFolder()
    let log = folder.path + "/log.txt"
    let server = try LedgerProcess.serve(
      folder.path + "/data", ["--batch-interval", "60000", "--origin", TestAgent.origin],
      log: log)
    let url = server.url
    var agent = try TestAgent()
    #expect(try await HTTP.post(url + "/v1/agents", agent.registration()).status == 200)
    #expect(try await HTTP.post(url + "/v1/batches", agent.next([agent.trace()])).status == 200)
    let body = try agent.next([agent.trace()])
    let waiting = Task { try await HTTP.post(url + "/v1/batches", body).status }
    #expect(try await HTTP.post(url + "/v1/batches", [1, 2, 3]).status == 400)
    try await Task.sleep(for: .milliseconds(500))
    server.terminate()
    #expect(try await waiting.value == 200)
    #expect(server.wait() == 0)
    let store = try LedgerStore(
      folder: folder.path + "/data", signer: LedgerKey.load(in: folder.path + "/data"))
    #expect(try PublicLog(store).checkpoint().size == 2)
    // One line for each integration and refusal, with what tells it from others.
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    let integrations = lines.filter { $0.contains(" integrated") }
    #expect(integrations.count == 2)
    #expect(integrations.last?.contains("leaves=1") == true)
    #expect(integrations.last?.contains("size=2") == true)
    let refusals = lines.filter { $0.contains(" refused") }
    #expect(refusals.count == 1)
    #expect(refusals.first?.contains("kind=malformed") == true)
    #expect(refusals.first?.contains("path=/v1/batches") == true)
  }
}
