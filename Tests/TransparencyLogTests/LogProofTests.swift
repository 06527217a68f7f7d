import Crypto
import Foundation
import Testing

@testable import TransparencyLog

@Suite struct LogProofTests {
  private func makeProof() throws -> (proof: LogProof, entry: [UInt8], log: NoteVerifier) {
    let log = try NoteSigner(name: "example.com/log", key: .init())
    let (_, stored, frontier) = makeTree(13)
    let checkpoint = Checkpoint(origin: "example.com/log", size: 13, root: frontier.root)
    let path = try InclusionProof.prove(leafIndex: 5, treeSize: 13, reader: stored).path
    let proof = LogProof(leafIndex: 5, path: path, note: try checkpoint.sign(by: log))
    return (proof, Array("leaf 5".utf8), log.verifier)
  }

  @Test func `a proof survives being written and read`() throws {
    let (proof, entry, log) = try makeProof()
    let read = try LogProof(encoded: Array(proof.encoded.utf8))
    #expect(read == proof)
    guard case .valid(let checkpoint) = read.verify(entry: entry, by: log) else {
      Issue.record("refused")
      return
    }
    #expect(checkpoint.size == 13)
    #expect(proof.encoded.hasPrefix("c2sp.org/tlog-proof@v1\nindex 5\n"))
  }

  @Test func `a proof with extra data is read and the data is not believed`() throws {
    let (proof, entry, log) = try makeProof()
    let text = proof.encoded.replacing("index 5\n", with: "extra YWJj\nindex 5\n")
    let read = try LogProof(encoded: Array(text.utf8))
    #expect(read == proof)
    #expect(read.verify(entry: entry, by: log) == proof.verify(entry: entry, by: log))
  }

  @Test(arguments: ["YWJ", "YW Jj", "YWJj ", "é"])
  func `extra data that is not base64 is refused`(data: String) throws {
    let text = try makeProof().proof.encoded.replacing(
      "index 5\n", with: "extra \(data)\nindex 5\n")
    #expect(throws: NoteError.self) { try LogProof(encoded: Array(text.utf8)) }
  }

  @Test func `any changed byte of a proof is noticed`() throws {
    let (proof, entry, log) = try makeProof()
    let good = Array(proof.encoded.utf8)
    for index in good.indices {
      var bad = good
      bad[index] ^= 1
      guard let read = try? LogProof(encoded: bad) else { continue }
      if case .valid = read.verify(entry: entry, by: log) { Issue.record("byte \(index)") }
    }
  }

  @Test func `a proof cut anywhere is refused`() throws {
    let (proof, entry, log) = try makeProof()
    let good = Array(proof.encoded.utf8)
    for count in 0..<good.count {
      guard let read = try? LogProof(encoded: good[..<count]) else { continue }
      if case .valid = read.verify(entry: entry, by: log) { Issue.record("\(count) bytes") }
    }
  }

  @Test func `a proof for another entry or by another log is refused`() throws {
    let (proof, entry, log) = try makeProof()
    let other = try NoteSigner(name: "example.com/log", key: .init()).verifier
    for verdict in [
      proof.verify(entry: Array("leaf 6".utf8), by: log), proof.verify(entry: entry, by: other),
    ] {
      if case .valid = verdict { Issue.record("accepted") }
    }
  }

  @Test func `a path longer than any tree's is refused before it is read to its end`() throws {
    let line = Data(TreeHash.emptyTree.bytes).base64EncodedString() + "\n"
    let (proof, _, _) = try makeProof()
    let text = proof.encoded.replacing(
      "index 5\n", with: "index 5\n" + String(repeating: line, count: 70))
    #expect(throws: NoteError.self) { try LogProof(encoded: Array(text.utf8)) }
  }
}
