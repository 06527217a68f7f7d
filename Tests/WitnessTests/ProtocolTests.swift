import Corpus
import Crypto
import Foundation
import LedgerTestSupport
import TestSupport
import Testing
import TransparencyLog

@testable import Witness

/// Every answer of C2SP tlog-witness, over HTTP.
@Suite struct ProtocolTests {
  @Test func `a log is cosigned from its first checkpoint on, one after another`() async throws {
    var log = try TestLog()
    let witness = try await RunningWitness(logs: [log.signer.verifier])
    var known = 0
    for growth in [0, 1, 2, 0, 5, 300] {
      log.append(growth)
      let answer = try await HTTP.cosign(witness.url, log.request(from: known))
      #expect(answer.status == 200, "\(answer.body)")
      let cosignature = try answer.cosignature(of: witness.verifier, on: log.checkpoint())
      #expect(cosignature?.time == 1_795_000_000)
      known = log.size
    }
    try await witness.stop()
  }

  @Test func `the statuses are those of the specification`() async throws {
    let log = try TestLog().appending(10)
    let fork = try TestLog(key: .init()).appending(10)
    let witness = try await RunningWitness(logs: [log.signer.verifier])
    let (url, good) = (witness.url, try log.request(from: 0, to: 7))
    #expect(try await HTTP.cosign(url, good).status == 200)

    // 400: no request, no checkpoint, an old size above the checkpoint's.
    let garbage: [String] = [
      "", "old 7\n", "old 07\n\n" + (try log.checkpoint().encoded),
      "old 7\n\nno checkpoint\n\n" + (try log.checkpoint().signatures[0].line),
      "old 7\n" + String(repeating: "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n", count: 64)
        + "\n" + (try log.checkpoint().encoded),
    ]
    for body in garbage {
      #expect(try await HTTP.cosign(url, Array(body.utf8)).status == 400)
    }
    #expect(try await HTTP.cosign(url, log.request(from: 8, to: 7)).status == 400)

    // 404 and 403: another origin; the origin with another key, with no signature that fits.
    let stranger = try TestLog(origin: "log.example/other").appending(3)
    #expect(try await HTTP.cosign(url, stranger.request(from: 0)).status == 404)
    #expect(try await HTTP.cosign(url, fork.request(from: 7)).status == 403)
    var bytes = Array(try log.request(from: 7).encoded.utf8)
    bytes[bytes.count - 20] ^= 1
    #expect([400, 403].contains(try await HTTP.cosign(url, bytes).status))

    // 409 with the size, for whatever old size is not the last one.
    for old in [0, 1, 6, 8, 10] {
      let answer = try await HTTP.cosign(url, log.request(from: old))
      #expect(answer.status == 409)
      #expect(answer.type == "text/x.tlog.size")
      #expect(answer.body == "7\n")
    }

    // 422: the proof is too short, too long, or another one.
    let right = try log.path(from: 7, to: 10)
    for path in [[], Array(right.dropLast()), right + [.leaf([1])], right.reversed()] {
      let request = AddCheckpointRequest(oldSize: 7, path: path, note: try log.checkpoint())
      #expect(try await HTTP.cosign(url, request).status == 422)
    }
    let idle = AddCheckpointRequest(oldSize: 7, path: right, note: try log.checkpoint(7))
    #expect(try await HTTP.cosign(url, idle).status == 422)

    // None of it has changed anything.
    #expect(try await HTTP.cosign(url, log.request(from: 7, to: 7)).status == 200)
    #expect(try await HTTP.cosign(url, log.request(from: 7)).status == 200)
    #expect(try await HTTP.get(url + "/add-checkpoint").status >= 400)
    try await witness.stop()
  }

  @Test func `a first proof has to be empty, and so has the empty tree`() async throws {
    let log = try TestLog().appending(4)
    let witness = try await RunningWitness(logs: [log.signer.verifier])
    let proved = AddCheckpointRequest(
      oldSize: 0, path: try log.path(from: 2, to: 4), note: try log.checkpoint())
    #expect(try await HTTP.cosign(witness.url, proved).status == 422)
    let odd = try Checkpoint(origin: log.origin, size: 0, root: .leaf([1])).sign(by: log.signer)
    let empty = AddCheckpointRequest(oldSize: 0, path: [], note: odd)
    #expect(try await HTTP.cosign(witness.url, empty).status == 422)
    let huge = try Checkpoint(origin: log.origin, size: 1 << 63, root: .leaf([1]))
      .sign(by: log.signer)
    let above = AddCheckpointRequest(oldSize: 0, path: [], note: huge)
    #expect(try await HTTP.cosign(witness.url, above).status == 400)
    #expect(try await HTTP.cosign(witness.url, log.request(from: 0)).status == 200)
    try await witness.stop()
  }

  @Test func `a fork at the same size is refused, and both checkpoints are kept`() async throws {
    let trunk = try TestLog().appending(5)
    let (honest, fork) = (trunk.appending(2), trunk.appending(2, "forged"))
    let witness = try await RunningWitness(logs: [trunk.signer.verifier])
    #expect(try await HTTP.cosign(witness.url, honest.request(from: 0)).status == 200)
    let answer = try await HTTP.cosign(witness.url, fork.request(from: 7))
    #expect(answer.status == 409)
    #expect(answer.type?.hasPrefix("text/plain") == true)
    #expect(answer.body.contains("two histories"))
    let folder = witness.folder.path + "/evidence"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    let text = try String(contentsOfFile: folder + "/" + #require(files.first), encoding: .utf8)
    #expect(files.count == 1)
    for log in [honest, fork] { #expect(text.contains(try log.checkpoint().text)) }
    try await witness.stop()
  }

  @Test func `a fork of another size is refused, whatever proof comes with it`() async throws {
    let trunk = try TestLog().appending(5)
    let honest = trunk.appending(2)
    let witness = try await RunningWitness(logs: [trunk.signer.verifier])
    #expect(try await HTTP.cosign(witness.url, honest.request(from: 0)).status == 200)
    for growth in 3...12 {
      let fork = trunk.appending(growth, "forged")
      let proofs = [5, 6, 7].map { try? fork.path(from: $0, to: fork.size) }
      for path in [[]] + proofs.compactMap({ $0 }) {
        let request = AddCheckpointRequest(oldSize: 7, path: path, note: try fork.checkpoint())
        #expect(try await HTTP.cosign(witness.url, request).status == 422)
      }
    }
    // A rewound log: its size is below what was cosigned.
    let rewound = try await HTTP.cosign(witness.url, trunk.request(from: 5))
    #expect(rewound.status == 409)
    #expect(rewound.body == "7\n")
    try await witness.stop()
  }

  @Test func `requests at once never cosign two histories`() async throws {
    let trunk = try TestLog().appending(3)
    let witness = try await RunningWitness(logs: [trunk.signer.verifier])
    #expect(try await HTTP.cosign(witness.url, trunk.request(from: 0)).status == 200)
    let url = witness.url
    let forks = try (0..<24).map { try trunk.appending(1 + $0 % 3, "fork \($0)").request(from: 3) }
    let statuses = try await withThrowingTaskGroup(of: UInt.self) { group in
      for request in forks {
        group.addTask { try await HTTP.cosign(url, request).status }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses.count { $0 == 200 } == 1)
    #expect(statuses.allSatisfy { [200, 409, 422].contains($0) })
    try await witness.stop()
  }

  @Test func `what was cosigned is remembered over a restart, and times never go back`()
    async throws
  {
    let log = try TestLog().appending(9)
    let folder = try TemporaryFolder()
    let first = try await RunningWitness(folder: folder, logs: [log.signer.verifier])
    #expect(try await HTTP.cosign(first.url, log.request(from: 0, to: 7)).status == 200)
    try await first.stop()
    // The clock was set back meanwhile.
    let second = try await RunningWitness(
      folder: folder, logs: [log.signer.verifier], now: { 1_700_000_000 })
    #expect(second.verifier == first.verifier)
    #expect(try await HTTP.cosign(second.url, log.request(from: 0)).body == "7\n")
    let answer = try await HTTP.cosign(second.url, log.request(from: 7))
    let cosignature = try answer.cosignature(of: second.verifier, on: log.checkpoint())
    #expect(cosignature?.time == 1_795_000_000)
    // The last cosigned checkpoint is there for whoever asks.
    let name = Digest(sha256: Array(log.origin.utf8)).hex
    let shown = try await HTTP.get(second.url + "/\(name)/checkpoint")
    #expect(shown.status == 200)
    let note = try SignedNote(encoded: Array(shown.body.utf8))
    #expect(note.text == (try log.checkpoint().text))
    guard case .valid = second.verifier.verify(note) else {
      Issue.record("no cosignature")
      return
    }
    #expect(try await HTTP.get(second.url + "/00/checkpoint").status == 404)
    try await second.stop()
  }

  @Test func `logs are followed each for itself, by any of their keys`() async throws {
    let (a, b) = (try TestLog().appending(3), try TestLog(origin: "log.example/b").appending(8))
    let renewed = try NoteSigner(name: a.origin, key: .init())
    let witness = try await RunningWitness(
      logs: [a.signer.verifier, b.signer.verifier, renewed.verifier])
    #expect(try await HTTP.cosign(witness.url, a.request(from: 0)).status == 200)
    #expect(try await HTTP.cosign(witness.url, b.request(from: 0)).status == 200)
    let note = try Checkpoint(origin: a.origin, size: 3, root: a.roots[3]).sign(by: renewed)
    let request = AddCheckpointRequest(oldSize: 3, path: [], note: note)
    #expect(try await HTTP.cosign(witness.url, request).status == 200)
    try await witness.stop()
  }

  @Test func `a body that is too large is refused unread`() async throws {
    let log = try TestLog().appending(1)
    let witness = try await RunningWitness(logs: [log.signer.verifier])
    let large = [UInt8](repeating: 0x41, count: AddCheckpointRequest.maximumBytes + 1)
    #expect(try await HTTP.cosign(witness.url, large).status == 413)
    #expect(try await HTTP.cosign(witness.url, log.request(from: 0)).status == 200)
    try await witness.stop()
  }
}
