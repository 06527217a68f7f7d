import CBOR
import Corpus
import Testing

@testable import Trace

@Suite("A trace of an answer with adapters")
struct AdapterTraceTests {
  private static func record() throws -> TraceRecord {
    var record = try TraceSamples.record()
    record.mode = .joint
    record.labelScores = []
    record.adapters = [
      TraceAdapter(
        shard: Digest(sha256: [99]), name: "tone.gguf", sha256: Digest(sha256: [50]), player: 1,
        sharePPM: 1),
      TraceAdapter(
        shard: record.chunks[0].shard, name: "facts.gguf", sha256: Digest(sha256: [51]), player: 0,
        sharePPM: 20),
    ]
    record.companions = record.adapters.map(\.sha256)
    record.coalitions.append(
      TraceCoalition(documents: 0b11111, tokenMicroNats: [-1, -2, -3, -4, -5]))
    return record
  }

  @Test("comes back whole, and names the adapters' files and shards in public")
  func roundTrip() throws {
    let record = try Self.record()
    let sealed = try TraceCodec.seal(record, identity: TraceSamples.identity())
    #expect(try TraceCodec.open(sealed.storedBytes).record == record)
    #expect(TraceCodec.verify(sealed.storedBytes) == .valid(sealed.publicPart))
    #expect(sealed.publicPart.companions == record.companions)
    #expect(
      sealed.publicPart.shardRoots
        == (record.chunks.map(\.shard) + [Digest(sha256: [99])]).sorted())
  }

  @Test("holds them after the documents in leaf 11, which is as it was without them")
  func leaf() throws {
    var record = try Self.record()
    guard case .array(let items) = record.value(of: .documentShares) else {
      Issue.record("no array")
      return
    }
    #expect(items.count == 5)
    #expect(
      items[3] == [
        .bytes(Digest(sha256: [99]).bytes), .text("tone.gguf"),
        .bytes(Digest(sha256: [50]).bytes), .integer(1), .integer(1),
      ])
    record.adapters = []
    #expect(record.value(of: .documentShares) == .array(Array(items.prefix(3))))
    // An adapter before a document is no leaf 11.
    #expect(throws: CBORError.self) {
      try record.read(.documentShares, from: .array([items[3], items[0]]))
    }
  }

  @Test("that contradicts itself is not sealed")
  func inconsistent() throws {
    func refused(_ edit: (inout TraceRecord) -> Void) throws -> String {
      var record = try Self.record()
      edit(&record)
      let identity = try TraceSamples.identity()
      let error = #expect(throws: TraceError.self) {
        try TraceCodec.seal(record, identity: identity)
      }
      return error?.field ?? ""
    }
    #expect(try refused { $0.companions = [] } == "adapters")
    #expect(try refused { $0.companions.reverse() } == "adapters")
    #expect(
      try refused {
        $0.adapters.append($0.adapters[0])
        $0.companions.append($0.adapters[0].sha256)
      } == "adapters")
    #expect(try refused { $0.adapters[1].player = 7 } == "adapters[1]")
    #expect(try refused { $0.adapters[0].sharePPM = -1 } == "adapters[0]")
    #expect(try refused { $0.coalitions[8].documents = 0b100000 } == "coalitions[8].documents")
  }

  @Test("differs from another one in the field of the adapter that differs")
  func differences() throws {
    let record = try Self.record()
    func fields(_ edit: (inout TraceRecord) -> Void) throws -> [String] {
      var other = record
      edit(&other)
      return record.differences(in: other).map(\.field)
    }
    #expect(try fields { _ in }.isEmpty)
    #expect(try fields { $0.adapters[1].sharePPM = 3 } == ["private.adapters[1].share"])
    #expect(
      try fields { $0.adapters[0].sha256 = Digest(sha256: [1]) } == ["private.adapters[0].sha256"])
    #expect(
      try fields { $0.documentShares[0].sharePPM = 3 } == ["private.document shares[0].share"])
    #expect(try fields { $0.adapters.removeLast() } == ["private.adapters"])
  }
}
