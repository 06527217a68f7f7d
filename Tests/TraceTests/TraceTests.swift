import CBOR
import Corpus
import Testing
import Zstd

@testable import Trace

@Suite("A trace")
struct TraceTests {
  @Test("comes back whole, and its public part follows from the record")
  func roundTrip() throws {
    let record = try TraceSamples.record()
    let sealed = try TraceSamples.sealed()
    let opened = try TraceCodec.open(sealed.storedBytes)
    #expect(opened.record == record)
    #expect(opened.sealed == sealed)
    #expect(TraceCodec.verify(sealed.storedBytes) == .valid(sealed.publicPart))
    let part = try PublicTrace.verify(sealed.publicBytes)
    #expect(part == sealed.publicPart)
    #expect(part.id == record.id)
    #expect(part.agent == (try TraceSamples.identity().publicKey))
    #expect(part.created == 1_789_999_200)  // The whole hour before.
    #expect(part.shardRoots == record.chunks.map(\.shard).sorted())
    #expect(part.shares.map(\.contributor) == record.players.map(\.contributor).sorted())
    #expect(part.shares.reduce(part.ownKnowledgePPM) { $0 + $1.sharePPM } == 1_000_000)
    #expect(part.shares.compactMap(\.standardErrorPPM) == [17])
  }

  @Test("without sources comes back whole")
  func noSources() throws {
    let record = TraceRecord(
      secret: TraceSecret(), engineVersion: 1, model: Digest(sha256: []), modelName: "m",
      mode: .joint, question: "Who?", answer: "I do not know.")
    let sealed = try TraceCodec.seal(record, identity: TraceSamples.identity())
    #expect(try TraceCodec.open(sealed.storedBytes).record == record)
    #expect(sealed.publicPart.shares.isEmpty && sealed.publicPart.ownKnowledgePPM == 1_000_000)
  }

  @Test("with a flipped bit anywhere in its stored bytes is damaged, and the part is named")
  func everyBit() throws {
    let sealed = try TraceSamples.sealed()
    for bit in 0..<sealed.storedBytes.count * 8 {
      var stored = sealed.storedBytes
      stored[bit / 8] ^= 1 << UInt8(bit % 8)
      let problems = TraceCodec.verify(stored).problems
      let expected = bit < 64 ? "header" : "stored bytes"
      #expect(problems.map(\.field) == [expected], "bit \(bit)")
    }
  }

  @Test("truncated at any length is damaged")
  func everyLength() throws {
    let stored = try TraceSamples.sealed().storedBytes
    for count in stored.indices {
      #expect(!TraceCodec.verify(Array(stored[..<count])).problems.isEmpty)
    }
  }

  @Test("with a byte of its content changed and packed anew is damaged, and the field is named")
  func everyByteInside() throws {
    let sealed = try TraceSamples.sealed()
    let content = try TraceCodec.unpack(sealed.storedBytes)
    for index in content.indices {
      var damaged = content
      damaged[index] ^= 1 << UInt8(index % 8)
      #expect(!Self.problems(damaged).isEmpty, "byte \(index)")
    }
  }

  @Test(
    "with another value in one field is damaged in that field", arguments: PrivateField.allCases)
  func oneField(field: PrivateField) throws {
    let value = try TraceSamples.record().value(of: field).encode()
    let content = try TraceCodec.unpack(TraceSamples.sealed().storedBytes)
    let start = try #require(Self.find(CBOR.bytes(value).encode(), in: content))
    let end = start + CBOR.bytes(value).encode().count
    var damaged = content
    damaged[end - 1] ^= 1
    #expect(Self.problems(damaged).map(\.field) == ["private.\(field)"])
  }

  @Test("with another secret, signature, agent or public value is damaged there")
  func publicDamage() throws {
    let sealed = try TraceSamples.sealed()
    let content = try TraceCodec.unpack(sealed.storedBytes)
    func fields(_ bytes: [UInt8], offset: Int = 0) throws -> [String] {
      let start = try #require(Self.find(bytes, in: content)) + offset
      var damaged = content
      damaged[start] ^= 1
      return Self.problems(damaged).map(\.field)
    }
    let message = try COSESign1.decode(sealed.publicBytes)
    #expect(try fields(TraceSamples.secret().bytes) == ["private.secret"])
    #expect(try fields(message.signature) == ["public.signature"])
    #expect(try fields(message.publicKey) == ["public.signature"])
    #expect(try fields(sealed.publicPart.privateRoot.bytes) == ["public.signature"])
    #expect(try fields(sealed.id.bytes) == ["public.signature"])
    let other = try TraceSamples.contributor(1)
    #expect(
      TraceCodec.verify(sealed.storedBytes, agent: other).problems.map(\.field) == ["public.key"])
  }

  @Test("whose leaves were never those that were signed is damaged even with fitting marks")
  func forgedMarks() throws {
    let record = try TraceSamples.record()
    var other = record
    other.question = "Something else?"
    let identity = try TraceSamples.identity()
    let (publicBytes, _) = try TraceCodec.write(record, identity: identity)
    let (_, content) = try TraceCodec.write(other, identity: identity)
    guard case .map(var entries) = try CBOR.decode(content) else {
      Issue.record("no map")
      return
    }
    entries[1] = .bytes(publicBytes)
    #expect(Self.problems(CBOR.map(entries).encode()).map(\.field) == ["private leaves"])
  }

  @Test("that contradicts itself is not sealed")
  func inconsistent() throws {
    func refused(_ edit: (inout TraceRecord) -> Void) throws -> String? {
      var record = try TraceSamples.record()
      edit(&record)
      let identity = try TraceSamples.identity()
      return #expect(throws: TraceError.self) {
        try TraceCodec.seal(record, identity: identity)
      }?.description
    }
    #expect(
      try refused { $0.ownKnowledgePPM += 1 } == "players.share: found a sum of 1000001 ppm "
        + "with own knowledge, expected 1000000 ppm")
    #expect(try refused { $0.players[1] = $0.players[0] } != nil)
    #expect(try refused { $0.chunks[1].player = 3 }?.hasPrefix("chunks[1].player") == true)
    #expect(try refused { $0.chunks[1].end = 0 }?.hasPrefix("chunks[1]") == true)
    #expect(try refused { $0.coalitions[2].documents = 8 }?.hasPrefix("coalitions[2]") == true)
    #expect(try refused { $0.coalitions[2].documents = 1 }?.hasPrefix("coalitions[2]") == true)
    #expect(
      try refused { $0.coalitions[2].tokenMicroNats = [] }?.hasPrefix("coalitions[2]") == true)
    #expect(try refused { $0.citations[0].chunk = 9 }?.hasPrefix("citations") == true)
    #expect(try refused { $0.documentShares[0].chunk = 9 }?.hasPrefix("document shares") == true)
    #expect(
      try refused {
        $0.players[2].sharePPM = -1
        $0.ownKnowledgePPM += 1
      } != nil)
  }

  @Test("has an id and a seed that follow from its secret")
  func identifiers() throws {
    #expect(TraceSamples.secret(1).id == TraceSamples.secret(1).id)
    #expect(TraceSamples.secret(1).id != TraceSamples.secret(2).id)
    #expect(TraceSamples.secret(1).id.seed != TraceSamples.secret(2).id.seed)
    #expect(TraceSecret() != TraceSecret())
    let id = TraceSamples.secret().id
    #expect(TraceID(hex: id.hex) == id)
    #expect(TraceID(hex: id.hex.uppercased()) == nil || id.hex == id.hex.uppercased())
    #expect(TraceID(bytes: [1]) == nil)
    let salts = PrivateField.allCases.map { TraceSamples.secret().salt(of: $0) }
    #expect(Set(salts).count == PrivateField.allCases.count)
    #expect(salts.allSatisfy { $0.count == 32 })
  }

  @Test("whose frame holds more than the cap is refused without decoding it")
  func bomb() throws {
    let bomb = [UInt8](repeating: 0, count: TraceCodec.maximumBytes + 1)
    #expect(Self.problems(bomb).map(\.field) == ["stored bytes.frame"])
  }

  /// Packs content into the stored form with right hashes and verifies it.
  static func problems(_ content: [UInt8]) -> [TraceError] {
    guard let body = try? DictionaryFrame.pack(content) else { return [] }
    return TraceCodec.verify(TraceCodec.magic + Digest(sha256: body).bytes + body).problems
  }

  static func find(_ needle: [UInt8], in bytes: [UInt8]) -> Int? {
    (0...(bytes.count - needle.count)).first { bytes[$0..<$0 + needle.count].elementsEqual(needle) }
  }
}

@Suite("The format")
struct TraceFormatTests {
  /// The values were recomputed from `FORMAT.md` in Python (cbor2 and cryptography from PyPI): the
  /// signature, the canonical encoding, id, salts, leaf hashes and root.
  @Test("gives the same bytes for the same record in every version")
  func golden() throws {
    let sealed = try TraceSamples.sealed()
    #expect(sealed.id.hex == "ac120535b0a4753e89a64899877d220a")
    #expect(
      sealed.publicPart.privateRoot.hex
        == "fccb95e54e7ad07a69b3b4a90f116d847fb82367961e8e73fe25e7674af55ca9")
    #expect(
      Digest(sha256: sealed.publicBytes).hex
        == "08103e6bdda8348224584ef15b673f56aa3217b27bd83df7c5477a6c8cdfaec9")
  }
}

@Suite("The public part")
struct PublicTraceTests {
  @Test("holds nothing of question, answer, documents or tokens")
  func canary() throws {
    var record = try TraceSamples.record()
    record.question = "CANARY-question"
    record.answer = "CANARY-answer"
    record.chunks[0].document = "CANARY-path.md"
    record.players[0].name = "CANARY-name"
    record.modelName = "CANARY-model"
    let sealed = try TraceCodec.seal(record, identity: TraceSamples.identity())
    let canary = Array("CANARY".utf8)
    #expect(TraceTests.find(canary, in: sealed.publicBytes) == nil)
    #expect(TraceTests.find(record.secret.bytes, in: sealed.publicBytes) == nil)
    for chunk in record.chunks {
      #expect(TraceTests.find(chunk.sha256.bytes, in: sealed.publicBytes) == nil)
    }
    #expect(TraceTests.find(canary, in: try TraceCodec.unpack(sealed.storedBytes)) != nil)
  }

  @Test("with any bit flipped is refused")
  func everyBit() throws {
    let bytes = try TraceSamples.sealed().publicBytes
    for bit in 0..<bytes.count * 8 {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: TraceError.self, "bit \(bit)") { try PublicTrace.verify(damaged) }
    }
  }

  @Test("that an agent signed against the rules is refused by field")
  func rules() throws {
    let good = try TraceSamples.sealed().publicPart
    func field(_ edit: (inout PublicTrace) -> Void) throws -> String? {
      var part = good
      edit(&part)
      let bytes = try part.sign(by: TraceSamples.identity())
      return #expect(throws: TraceError.self) { try PublicTrace.verify(bytes) }?.field
    }
    #expect(try field { $0.ownKnowledgePPM += 1 } == "public.shares")
    #expect(try field { $0.shares.reverse() } == "public.shares")
    #expect(try field { $0.shares[1] = $0.shares[0] } == "public.shares")
    #expect(try field { $0.shares[0].sharePPM = -1 } == "public.shares")
    #expect(try field { $0.shares[0].sharePPM = .max } == "public.shares")
    #expect(try field { $0.ownKnowledgePPM = 1_000_001 } == "public.own knowledge")
    #expect(try field { $0.shardRoots.reverse() } == "public.shard roots")
    #expect(try field { $0.created += 1 } == "public.created")
    #expect(try field { $0.engineVersion = -1 } == "public.engine version")
  }
}
