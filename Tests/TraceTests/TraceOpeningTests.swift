import CBOR
import Corpus
import Testing

@testable import Trace

@Suite("An opening")
struct TraceOpeningTests {
  @Test("shows the chosen fields as they were signed, and nothing of the others")
  func chosen() throws {
    let sealed = try TraceSamples.sealed()
    let record = try TraceSamples.record()
    let bytes = try TraceOpening.make(sealed.storedBytes, revealing: [.answer, .coalitions])
    let opening = try TraceOpening.check(bytes)
    #expect(opening.publicPart == sealed.publicPart)
    #expect(Set(opening.values.keys) == [.answer, .coalitions])
    #expect(opening.values[.answer] == .text(record.answer))
    #expect(opening.values[.coalitions] == record.value(of: .coalitions))
    #expect(TraceTests.find(Array(record.question.utf8), in: bytes) == nil)
    #expect(TraceTests.find(record.secret.bytes, in: bytes) == nil)
    for field in PrivateField.allCases where opening.values[field] == nil {
      #expect(TraceTests.find(record.secret.salt(of: field), in: bytes) == nil)
    }
  }

  @Test("of every field and of none checks")
  func extremes() throws {
    let stored = try TraceSamples.sealed().storedBytes
    let none = try TraceOpening.check(TraceOpening.make(stored, revealing: []))
    #expect(none.values.isEmpty)
    let all = try TraceOpening.make(stored, revealing: Set(PrivateField.allCases))
    #expect(try TraceOpening.check(all).values.count == PrivateField.allCases.count)
  }

  @Test("with any byte changed is refused")
  func everyByte() throws {
    let bytes = try TraceOpening.make(
      TraceSamples.sealed().storedBytes, revealing: [.question, .players])
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 1 << UInt8(index % 8)
      #expect(throws: TraceError.self, "byte \(index)") { try TraceOpening.check(damaged) }
    }
  }

  @Test("with an answer that was never given is refused by name")
  func forged() throws {
    var other = try TraceSamples.record()
    other.answer = "It is 99 metres tall."
    let forged = try TraceCodec.seal(other, identity: TraceSamples.identity())
    let good = try TraceOpening.make(TraceSamples.sealed().storedBytes, revealing: [.answer])
    let bad = try TraceOpening.make(forged.storedBytes, revealing: [.answer])
    guard case .map(var entries) = try CBOR.decode(good),
      case .map(let others) = try CBOR.decode(bad)
    else {
      Issue.record("no map")
      return
    }
    entries[4] = others[4]
    let answer = #expect(throws: TraceError.self) {
      try TraceOpening.check(CBOR.map(entries).encode())
    }
    #expect(answer?.field == "private.answer")
    entries[3] = others[3]
    let hashes = #expect(throws: TraceError.self) {
      try TraceOpening.check(CBOR.map(entries).encode())
    }
    #expect(hashes?.field == "opening.hashes")
  }
}
