import AsyncHTTPClient
import Corpus
import Foundation
import LedgerTestSupport
import LedgerWire
import Testing
import TransparencyLog

@testable import Ledger

@Suite struct HTTPTests {
  @Test func `the log can be read and checked over HTTP`() async throws {
    try await serving { url, _ in
      var agent = try TestAgent()
      #expect(try await HTTP.post(url + "/v1/agents", agent.registration()).status == 200)
      var headers: [[UInt8]] = []
      for _ in 0..<3 {
        let batch = try agent.batch([agent.trace()])
        agent.advance(past: batch)
        headers.append(batch.signedHeader)
        #expect(try await HTTP.post(url + "/v1/batches", batch.body).status == 200)
      }
      let key = try await HTTP.get(url + "/v1/key").body.trimmingCharacters(in: .newlines)
      let note = try await HTTP.get(url + "/v1/checkpoint").body
      guard
        case .valid(let checkpoint) = Checkpoint.verify(
          try SignedNote(encoded: Array(note.utf8)), by: try NoteVerifier(vkey: key))
      else {
        Issue.record("the checkpoint does not verify")
        return
      }
      #expect(checkpoint.size == 3)
      let answer = try await HTTP.get(url + "/v1/proof/inclusion?index=1&size=3").body
      let message = try JSONDecoder().decode(ProofMessage.self, from: Data(answer.utf8))
      let path = message.hashes.compactMap { strictBase64($0).flatMap { TreeHash(bytes: $0) } }
      let proof = InclusionProof(leafIndex: 1, treeSize: 3, path: path)
      #expect(proof.check(leaf: .leaf(headers[1]), root: checkpoint.root) == .valid)
      #expect(try await HTTP.get(url + "/v1/equivocations").body == "[]")
      #expect(try await HTTP.get(url + "/healthz").status == 200)
      let known = try await HTTP.get(url + "/v1/agents/\(agent.identity.publicKey.hex)")
      #expect(known.body.contains("\"nextSequence\":3"))
    }
  }

  @Test func `every error is JSON that names the field`() async throws {
    try await serving { url, _ in
      let failures: [(path: String, status: UInt, field: String)] = [
        ("/v1/nothing", 404, "path"), ("/v1/entries/0", 404, "index"),
        ("/v1/entries/-1", 400, "index"), ("/v1/proof/inclusion?index=0&size=1", 400, "size"),
        ("/v1/proof/inclusion?index=0", 400, "size"), ("/v1/proof/consistency?from=a", 400, "from"),
        ("/v1/contributors/xyz/statement", 400, "key"), ("/v1/agents/00", 400, "key"),
        ("/v1/shards/" + String(repeating: "0", count: 64), 404, "shard"),
        (
          "/v1/contributors/\(String(repeating: "0", count: 64))/statement?period=2026", 400,
          "period"
        ),
      ]
      for failure in failures {
        let answer = try await HTTP.get(url + failure.path)
        #expect(answer.status == failure.status, "\(failure.path)")
        let refusal = try JSONDecoder().decode(
          LedgerRefusal.self, from: Data(answer.body.utf8))
        #expect(refusal.field == failure.field, "\(failure.path)")
        #expect(refusal.error.httpStatus == Int(failure.status))
      }
    }
  }

  @Test func `a body over the limit is refused`() async throws {
    try await serving { url, ledger in
      for path in ["/v1/batches", "/v1/agents", "/v1/shards"] {
        let answer = try await HTTP.post(url + path, [UInt8](repeating: 0, count: 2 << 20))
        #expect(answer.status == 413)
        #expect(answer.body.contains("\"too-large\""))
      }
      #expect(try await ledger.size() == 0)
    }
  }

  @Test func `garbage is refused`() async throws {
    try await serving { url, _ in
      for body: [UInt8] in [[], [0], [0x82, 0x40, 0x40], Array("GET / HTTP/1.1".utf8)] {
        for path in ["/v1/batches", "/v1/agents", "/v1/shards"] {
          let answer = try await HTTP.post(url + path, body)
          #expect(answer.status == 400)
        }
      }
    }
  }

  @Test func `tiles and entries are served as static files are`() async throws {
    try await serving { url, _ in
      var agent = try TestAgent()
      _ = try await HTTP.post(url + "/v1/agents", agent.registration())
      let batch = try agent.batch([agent.trace()])
      agent.advance(past: batch)
      _ = try await HTTP.post(url + "/v1/batches", batch.body)
      let files = [
        ("/checkpoint", "text/plain; charset=utf-8", "no-cache"),
        ("/tile/0/000.p/1", "application/octet-stream", "public, max-age=31536000, immutable"),
        (
          "/tile/entries/000.p/1", "application/octet-stream",
          "public, max-age=31536000, immutable"
        ),
      ]
      for (path, type, caching) in files {
        for isHead in [false, true] {
          var request = HTTPClientRequest(url: url + path)
          if isHead { request.method = .HEAD }
          let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
          #expect(answer.status == .ok)
          #expect(answer.headers.first(name: "content-type") == type)
          #expect(answer.headers.first(name: "cache-control") == caching)
          let body = Array(buffer: try await answer.body.collect(upTo: 1 << 20))
          guard !isHead else { continue }
          switch path {
          case "/tile/0/000.p/1": #expect(body == TreeHash.leaf(batch.signedHeader).bytes)
          case "/checkpoint":
            let note = try await HTTP.get(url + "/v1/checkpoint").body
            #expect(Array(note.utf8) == body)
          default: #expect(body == EntryBundle.encode([batch.signedHeader]))
          }
        }
      }
      for path in [
        "/tile/0/000", "/tile/0/000.p/2", "/tile/1/000.p/1", "/tile/entries/001", "/tile/0/0",
        "/tile/0/../../log.key", "/tile/%2e%2e/log.key", "/tile/entries/x000/000", "/tile",
        "/.staging", "/tile/0/000.p", "/tile/0/000.p/",
      ] {
        #expect(try await HTTP.get(url + path).status == 404, "\(path)")
      }
    }
  }
}
