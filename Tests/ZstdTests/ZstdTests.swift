import CZstd
import OutboxFaults
import Testing

@testable import Zstd

@Suite("Zstd")
struct ZstdTests {
  let text = Array(String(repeating: "The lighthouse stands 41 metres tall. ", count: 400).utf8)

  @Test("content comes back, from nothing to a megabyte")
  func roundTrip() throws {
    for count in [0, 1, 100, 65_535, 65_536, 65_537, 1 << 20] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
      let frame = try Zstd.compress(bytes)
      #expect(try Zstd.decompress(frame, maximumBytes: count) == bytes)
    }
  }

  @Test("the same bytes give the same frame")
  func reproducible() throws {
    #expect(try Zstd.compress(text) == Zstd.compress(text))
  }

  @Test("a frame that states more than the maximum is refused before decoding")
  func stated() throws {
    let frame = try Zstd.compress([UInt8](repeating: 0, count: 1 << 20))
    #expect(frame.count < 200)
    #expect(throws: ZstdError.tooLarge(stated: 1 << 20, maximum: 1000)) {
      try Zstd.decompress(frame, maximumBytes: 1000)
    }
  }

  @Test("a frame that does not state its size is refused before decoding")
  func unstated() {
    let frame = streamed([UInt8](repeating: 0, count: 64 << 20))
    #expect(frame.count < 20_000)
    for frame in [frame, streamed(text)] {
      #expect(throws: ZstdError.damaged("a frame that does not state its size")) {
        try Zstd.decompress(frame, maximumBytes: 1 << 20)
      }
    }
    // Frame header: no content size, window descriptor 2^31.
    let window: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00]
    #expect(throws: ZstdError.self) { try Zstd.decompress(window, maximumBytes: 1 << 20) }
  }

  @Test("a frame cannot state more than its bytes can hold")
  func implausible() {
    // Frame header: single segment, content size of 8 bytes; one empty last block.
    for stated in [UInt64(1) << 40, 1 << 30, 1 << 21] {
      let size = (0..<8).map { UInt8(truncatingIfNeeded: stated >> (8 * $0)) }
      let frame = [0x28, 0xb5, 0x2f, 0xfd, 0xe0] + size + [1, 0, 0]
      #expect(throws: ZstdError.self) { try Zstd.decompress(frame, maximumBytes: .max) }
    }
  }

  @Test("64 KiB of any kind are decoded in less than 2 MiB, at a maximum of one")
  func memory() throws {
    var worst = 0
    for (name, frame) in HostileFrames.all {
      let context = try #require(ZSTD_createDCtx())
      defer { ZSTD_freeDCtx(context) }
      #expect(frame.count <= 64 << 10, "\(name)")
      let output = try? Zstd.decompress(frame, 1 << 20, nil, context)
      worst = max(worst, ZSTD_sizeof_DCtx(context) + (output ?? []).capacity)
      // A frame that is refused half way has had its output reserved as well.
      #expect(ZSTD_sizeof_DCtx(context) + (1 << 20) < 2 << 20, "\(name)")
    }
    #expect(worst > 1 << 20, "no frame was decoded to its maximum")
    #expect(worst < 2 << 20)
  }

  @Test("truncated, extended, doubled and skippable frames are refused")
  func shapes() throws {
    let frame = try Zstd.compress(text)
    for count in frame.indices {
      #expect(throws: ZstdError.self) {
        try Zstd.decompress(Array(frame[..<count]), maximumBytes: text.count)
      }
    }
    let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]
    for bytes in [frame + [0], frame + frame, skippable, skippable + frame, [], text] {
      #expect(throws: ZstdError.self) { try Zstd.decompress(bytes, maximumBytes: 1 << 20) }
    }
  }

  @Test("no damaged frame yields more than the maximum")
  func damage() throws {
    let frame = try Zstd.compress(Array(text.prefix(900)))
    for bit in 0..<frame.count * 8 {
      var damaged = frame
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      if let bytes = try? Zstd.decompress(damaged, maximumBytes: 900) {
        #expect(bytes.count <= 900)
      }
    }
  }

  /// Compresses in pieces, so that zstd cannot know and state the size.
  private func streamed(_ bytes: [UInt8]) -> [UInt8] {
    let context = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(context) }
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 14)
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let written = output.withUnsafeMutableBytes { target in
      bytes.withUnsafeBytes { source -> Int in
        var sink = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        ZSTD_compressStream2(context, &sink, &input, ZSTD_e_continue)
        ZSTD_compressStream2(context, &sink, &input, ZSTD_e_end)
        return sink.pos
      }
    }
    return Array(output[..<written])
  }
}

@Suite("Zstd dictionary")
struct ZstdDictionaryTests {
  static let samples: [[UInt8]] = (0..<500).map { number in
    Array("question: how tall is lighthouse \(number &* 7919 % 997)? answer: \(number) metres".utf8)
  }

  @Test("training on the same samples gives the same bytes, and makes similar texts smaller")
  func trains() throws {
    let bytes = try ZstdDictionary.train(samples: Self.samples, maximumBytes: 1024)
    #expect(try ZstdDictionary.train(samples: Self.samples, maximumBytes: 1024) == bytes)
    let dictionary = try ZstdDictionary(bytes)
    let text = Array("question: how tall is lighthouse 5? answer: 41 metres".utf8)
    let frame = try Zstd.compress(text, dictionary: dictionary)
    #expect(try frame.count < Zstd.compress(text, level: 19).count)
    #expect(try Zstd.decompress(frame, maximumBytes: 100, dictionary: dictionary) == text)
  }

  @Test("a frame made with another dictionary is refused by id")
  func wrongDictionary() throws {
    let first = try ZstdDictionary(ZstdDictionary.train(samples: Self.samples, maximumBytes: 1024))
    let second = try ZstdDictionary(
      ZstdDictionary.train(samples: Self.samples.map { $0 + [65] }, maximumBytes: 1024))
    let text = Self.samples[0]
    let frame = try Zstd.compress(text, dictionary: first)
    #expect(throws: ZstdError.wrongDictionary(found: first.id, expected: second.id)) {
      try Zstd.decompress(frame, maximumBytes: 1000, dictionary: second)
    }
    #expect(throws: ZstdError.wrongDictionary(found: first.id, expected: 0)) {
      try Zstd.decompress(frame, maximumBytes: 1000)
    }
    #expect(throws: ZstdError.wrongDictionary(found: 0, expected: first.id)) {
      try Zstd.decompress(Zstd.compress(text), maximumBytes: 1000, dictionary: first)
    }
  }

  @Test("bytes that are no dictionary are refused")
  func noDictionary() {
    #expect(throws: ZstdError.self) { try ZstdDictionary([]) }
    #expect(throws: ZstdError.self) { try ZstdDictionary([UInt8](repeating: 1, count: 500)) }
    #expect(throws: ZstdError.self) { try ZstdDictionary.train(samples: [], maximumBytes: 1024) }
  }
}
