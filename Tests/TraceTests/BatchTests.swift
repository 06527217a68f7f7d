import CBOR
import Corpus
import Testing
import TransparencyLog
import Zstd

@testable import Trace

@Suite("A batch")
struct BatchTests {
  let identity: ContributorIdentity
  let parts: [[UInt8]]

  init() throws {
    identity = try TraceSamples.identity()
    parts = try (1...5).map { try TraceSamples.sealed($0).publicBytes }
  }

  private func seal(
    _ parts: [[UInt8]], sequence: Int = 0, previous: Digest = BatchHeader.noPrevious,
    origin: String = "ledger.example/log"
  ) throws -> Batch {
    try Batch.seal(
      publicParts: parts, sequence: sequence, previous: previous, origin: origin,
      identity: identity, created: 1_790_000_000)
  }

  @Test("holds its traces in order under a signed header, and chains to the one before")
  func roundTrip() throws {
    let batch = try seal(parts)
    let (header, traces) = try Batch.verify(
      signedHeader: batch.signedHeader, payload: batch.payload)
    #expect(header == batch.header)
    #expect(header.count == 5 && header.agent == identity.publicKey)
    #expect(try traces == parts.map { try PublicTrace.verify($0) })
    #expect(
      try Batch.openPayload(batch.payload, expecting: header)
        == parts.map { try PublicTrace.withoutSignature($0) })
    let next = try seal(parts, sequence: 1, previous: batch.hash)
    #expect(next.header.previous == Digest(sha256: batch.signedHeader))
  }

  @Test("has the same header for the same traces, whatever zstd makes of the payload")
  func reproducible() throws {
    let batch = try seal(parts)
    #expect(try seal(parts) == batch)
    let content = try DictionaryFrame.open(batch.payload, maximumBytes: 1 << 20, field: "x")
    let dictionary = try ZstdDictionary(TraceDictionary.current.digested().bytes, level: 1)
    let other =
      TraceDictionary.current.sha256.bytes + (try Zstd.compress(content, dictionary: dictionary))
    #expect(try Batch.verify(signedHeader: batch.signedHeader, payload: other).traces.count == 5)
  }

  @Test("with a flipped bit in header or payload is refused or says the same")
  func everyBit() throws {
    let batch = try seal(parts)
    let good = try Batch.verify(signedHeader: batch.signedHeader, payload: batch.payload).traces
    for bit in 0..<batch.signedHeader.count * 8 {
      var damaged = batch.signedHeader
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: TraceError.self) { try BatchHeader.verify(damaged) }
    }
    for bit in stride(from: 0, to: batch.payload.count * 8, by: 5) {
      var damaged = batch.payload
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      // zstd has frames that differ and mean the same; the hash is over what they mean.
      if let parts = try? Batch.openPayload(damaged, expecting: batch.header) {
        #expect(try parts.map { try PublicTrace.open($0, in: batch.header) } == good)
      }
    }
  }

  @Test("with foreign, repeated, missing or too many traces is not sealed")
  func contents() throws {
    func field(_ parts: [[UInt8]]) -> String? {
      #expect(throws: TraceError.self) { try seal(parts) }?.field
    }
    let foreign = try TraceCodec.seal(
      TraceSamples.record(), identity: TraceSamples.identity(8))
    #expect(field([foreign.publicBytes]) == "public.key")
    #expect(field([parts[0], parts[0]]) == "traces[1].id")
    #expect(field([]) == "batch.count")
    #expect(throws: TraceError.self) { try seal(parts, sequence: 1) }
    #expect(throws: TraceError.self) { try seal(parts, previous: Digest(sha256: [])) }
    #expect(throws: TraceError.self) { try seal(parts, origin: "a\nb") }
  }

  @Test("takes public parts alone: a stored trace cannot be sealed")
  func storedTrace() throws {
    let stored = try TraceSamples.sealed().storedBytes
    #expect(throws: TraceError.self) { try seal([stored]) }
  }

  @Test("signed by the right agent around foreign, repeated or other things is refused")
  func hostile() throws {
    let foreign = try TraceCodec.seal(TraceSamples.record(), identity: TraceSamples.identity(8))
    func problem(
      _ content: CBOR, count: Int, contents: BatchHeader.Contents? = nil
    ) throws -> TraceError? {
      let bytes = content.encode()
      let header = BatchHeader(
        agent: identity.publicKey, sequence: 0, previous: BatchHeader.noPrevious, origin: "log",
        contents: contents ?? .hash(Digest(sha256: bytes)), count: count, created: 1)
      let signed = try header.sign(by: identity)
      return #expect(throws: TraceError.self) {
        try Batch.verify(signedHeader: signed, payload: DictionaryFrame.pack(bytes))
      }
    }
    #expect(try problem([.bytes(foreign.publicBytes)], count: 1)?.field == "traces[0].public.key")
    #expect(try problem([.bytes(parts[0]), .bytes(parts[0])], count: 2)?.field == "traces[1].id")
    #expect(try problem([.bytes(parts[0])], count: 2)?.found == "1 traces")
    #expect(try problem([.text("x")], count: 1)?.field == "batch.payload")
    #expect(try problem([:], count: 1)?.field == "batch.payload")

    let bare = try parts.map { try PublicTrace.withoutSignature($0) }
    func tree(_ parts: [[UInt8]], count: Int? = nil) throws -> TraceError? {
      try problem(
        .array(parts.map { .bytes($0) }), count: count ?? parts.count,
        contents: .tree(BatchTree.root(of: parts)))
    }
    #expect(try tree([bare[0], bare[0]])?.field == "traces[1].id")
    #expect(try tree([bare[0], parts[1]])?.field.hasPrefix("traces[1].public") == true)
    #expect(try tree([bare[0]], count: 2)?.found == "1 traces")
    #expect(
      try problem([.bytes(bare[0])], count: 1, contents: .tree(BatchTree.root(of: [bare[1]])))?
        .field == "batch.payload")
  }

  @Test("of the first format is still read: signed parts, and a hash in the header")
  func firstFormat() throws {
    let (header, payload) = try BatchSamples.firstFormat(parts, identity: identity)
    let read = try Batch.verify(signedHeader: header, payload: payload)
    #expect(try read.traces == parts.map { try PublicTrace.verify($0) })
    #expect(try Batch.openPayload(payload, expecting: read.header) == parts)
    #expect(try Batch.payload(of: parts, expecting: read.header) == payload)
    let batch = try seal(parts)
    #expect(try Batch.payload(of: parts, expecting: batch.header) == batch.payload)
    #expect(batch.payload.count + 60 * parts.count < payload.count)
  }

  @Test("with a bomb, another dictionary or another payload is refused")
  func payloads() throws {
    let batch = try seal(parts)
    func field(_ payload: [UInt8]) -> String? {
      #expect(throws: TraceError.self) {
        try Batch.openPayload(payload, expecting: batch.header)
      }?.field
    }
    let bomb = try DictionaryFrame.pack([UInt8](repeating: 0, count: 5 << 20))
    #expect(field(bomb) == "batch.payload.frame")
    #expect(
      field([UInt8](repeating: 7, count: 32) + batch.payload.dropFirst(32))
        == "batch.payload.dictionary")
    #expect(field(try seal([parts[0]]).payload) == "batch.payload")
    #expect(field([]) == "batch.payload")
    let plain = TraceDictionary.current.sha256.bytes + (try Zstd.compress([1, 2, 3]))
    #expect(field(plain) == "batch.payload.frame")
  }
}

@Suite("The dictionary")
struct TraceDictionaryTests {
  @Test("is the one that FORMAT.md names, at most 16 KiB")
  func hash() throws {
    let dictionary = TraceDictionary.current
    #expect(
      dictionary.sha256.hex == "a015ee2723dbcf4f6a94bf73235f73b5837dcec8614625e8a70c9f103dc4b37c")
    #expect(dictionary.version == 1)
    #expect(try dictionary.digested().bytes.count <= 16 << 10)
    #expect(TraceDictionary.known[dictionary.sha256] != nil)
  }

  @Test("makes traces and public parts at least 5 % smaller than zstd alone")
  func ratio() throws {
    let sealed = try TraceSamples.sealed()
    let content = try TraceCodec.unpack(sealed.storedBytes)
    for bytes in [content, sealed.publicBytes] {
      let plain = try Zstd.compress(bytes, level: 19).count
      let trained = try Zstd.compress(
        bytes, dictionary: TraceDictionary.current.digested()
      ).count
      #expect(trained * 100 <= plain * 95, "\(trained) of \(plain)")
    }
  }
}
