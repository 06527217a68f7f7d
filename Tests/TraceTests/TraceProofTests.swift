import CBOR
import Corpus
import Testing
import TransparencyLog

@testable import Trace

@Suite("A proof of one trace")
struct TraceProofTests {
  let identity: ContributorIdentity
  let parts: [[UInt8]]
  let log: NoteSigner

  init() throws {
    identity = try TraceSamples.identity()
    parts = try (1...5).map { try TraceSamples.sealed($0).publicBytes }
    log = try NoteSigner(name: "ledger.example/log", key: .init())
  }

  /// A log of three leaves, the batch's header in the middle.
  private func receipt(of header: [UInt8]) throws -> String {
    let leaves = [Array("before".utf8), header, Array("after".utf8)]
    var (frontier, stored) = (Frontier(), StoredHashes())
    for leaf in leaves { stored.append(contentsOf: frontier.append(.leaf(leaf))) }
    let path = try InclusionProof.prove(leafIndex: 1, treeSize: 3, reader: stored).path
    let note = try Checkpoint(origin: log.verifier.name, size: 3, root: frontier.root)
      .sign(by: log)
    return LogProof(leafIndex: 1, path: path, note: note).encoded
  }

  private func batch(_ parts: [[UInt8]], origin: String = "ledger.example/log") throws -> Batch {
    try Batch.seal(
      publicParts: parts, sequence: 0, previous: BatchHeader.noPrevious, origin: origin,
      identity: identity, created: 1_790_000_000)
  }

  @Test("leads from each trace of a batch to the log, for every size of batch")
  func roundTrip() throws {
    for count in 1...parts.count {
      let parts = Array(parts.prefix(count))
      let batch = try batch(parts)
      for index in 0..<count {
        let proof = try TraceProof(
          of: index, in: parts, signedHeader: batch.signedHeader,
          receipt: receipt(of: batch.signedHeader))
        let read = try TraceProof(encoded: proof.encode())
        #expect(read == proof)
        let finding = try read.verify(by: log.verifier)
        #expect(try finding.trace == PublicTrace.verify(parts[index]))
        #expect(finding.header == batch.header && finding.leafIndex == 1)
        #expect(finding.checkpoint.size == 3)
      }
    }
  }

  @Test("with any bit changed is refused")
  func everyBit() throws {
    let batch = try batch(parts)
    let bytes = try TraceProof(
      of: 3, in: parts, signedHeader: batch.signedHeader, receipt: receipt(of: batch.signedHeader)
    ).encode()
    for bit in 0..<bytes.count * 8 {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: TraceError.self, "bit \(bit)") {
        try TraceProof(encoded: damaged).verify(by: log.verifier)
      }
    }
  }

  @Test("of another log, another place or another trace names the field")
  func wrong() throws {
    let batch = try batch(parts)
    let receipt = try receipt(of: batch.signedHeader)
    func field(_ proof: TraceProof, by verifier: NoteVerifier) -> String? {
      #expect(throws: TraceError.self) { try proof.verify(by: verifier) }?.field
    }
    func changed(_ key: Int, _ value: CBOR) throws -> TraceProof {
      let proof = try TraceProof(
        of: 3, in: parts, signedHeader: batch.signedHeader, receipt: receipt)
      var fields: [Int: CBOR] = [
        1: 1, 2: .bytes(proof.signedHeader), 3: .integer(proof.index),
        4: .array(proof.path.map { .bytes($0.bytes) }), 5: .bytes(proof.part),
        6: .text(proof.receipt),
      ]
      fields[key] = value
      let text = try #require(fields[6])
      let map: CBOR = [
        1: 1, 2: fields[2] ?? 0, 3: fields[3] ?? 0, 4: fields[4] ?? 0, 5: fields[5] ?? 0, 6: text,
      ]
      return try TraceProof(encoded: map.encode())
    }
    let same = try changed(3, 3)
    let impostor = try NoteSigner(name: "ledger.example/log", key: .init()).verifier
    #expect(field(same, by: impostor) == "proof.receipt")
    let other = try NoteSigner(name: "other.example/log", key: .init()).verifier
    #expect(field(same, by: other) == "proof.header.origin")
    #expect(field(try changed(3, 2), by: log.verifier) == "proof.path")
    #expect(field(try changed(3, 5), by: log.verifier) == "proof.path")
    #expect(field(try changed(5, .bytes(parts[3])), by: log.verifier) == "proof.path")
    let foreign = try self.batch([parts[0]])
    #expect(field(try changed(2, .bytes(foreign.signedHeader)), by: log.verifier) == "proof.path")
    #expect(
      field(try changed(6, .text(self.receipt(of: foreign.signedHeader))), by: log.verifier)
        == "proof.receipt")
  }

  @Test("cannot be made of other traces than the header names, or of the first format")
  func making() throws {
    let batch = try batch(parts)
    func field(_ header: [UInt8], _ parts: [[UInt8]], _ index: Int = 0) -> String? {
      #expect(throws: TraceError.self) {
        try TraceProof(of: index, in: parts, signedHeader: header, receipt: "")
      }?.field
    }
    #expect(field(batch.signedHeader, Array(parts.dropLast())) == "batch.root")
    #expect(field(batch.signedHeader, parts.reversed()) == "batch.root")
    #expect(field(batch.signedHeader, parts, 5) == "batch.root")
    let first = try BatchSamples.firstFormat(parts, identity: identity)
    #expect(field(first.signedHeader, parts) == "batch.format version")
  }
}

enum BatchSamples {
  /// A batch as version 1 made it: its payload holds signed messages, its header their hash.
  static func firstFormat(
    _ parts: [[UInt8]], identity: ContributorIdentity
  ) throws -> (signedHeader: [UInt8], payload: [UInt8]) {
    let content = Batch.content(of: parts)
    let header = BatchHeader(
      agent: identity.publicKey, sequence: 0, previous: BatchHeader.noPrevious,
      origin: "ledger.example/log", contents: .hash(Digest(sha256: content)), count: parts.count,
      created: 1_790_000_000)
    return (try header.sign(by: identity), try DictionaryFrame.pack(content))
  }
}
