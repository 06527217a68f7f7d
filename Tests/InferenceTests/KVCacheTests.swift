import Foundation
import Kernels
import Synchronization
import TestSupport
import Testing

@testable import Inference

/// The cache on disk: the same bits as without it, whatever happens to its files.
@Suite struct KVCacheTests {
  let model: LanguageModel
  let folder: URL
  private let temporary: TemporaryFolder
  let warnings = Warnings()

  init() throws {
    model = try TestModels.tiny("tiny-q8_0")
    temporary = try TemporaryFolder()
    folder = temporary.url("cache")
  }

  /// The sentences that a cache gave.
  final class Warnings: Sendable {
    private let texts = Mutex<[String]>([])
    var all: [String] { texts.withLock { $0 } }
    func add(_ text: String) { texts.withLock { $0.append(text) } }
  }

  private func cache(
    capacity: Int = 1 << 24, modelHash: [UInt8] = [1, 2, 3], mappingLimit: Int = 256,
    model other: LanguageModel? = nil
  ) throws -> KVCache {
    let warnings = warnings
    return try KVCache(
      directory: folder.path, capacityBytes: capacity, model: other ?? model,
      modelHash: modelHash, mappingLimit: mappingLimit, onWarning: { warnings.add($0) })
  }

  private func filled(_ tokens: [Int32], from position: Int = 0) throws -> KVSegment {
    let segment = model.makeSegment(startPosition: position)
    _ = try model.forward([ForwardRequest(tokens: tokens, segment: segment, outputs: .none)])
    return segment
  }

  /// The logits after a question that attends to `segments`.
  private func logits(over segments: [KVSegment]) throws -> [Float] {
    let request = ForwardRequest(
      tokens: [5, 6, 7], segment: model.makeSegment(startPosition: 60), attending: segments,
      outputs: .all)
    return try model.forward([request])[0].values
  }

  private func files() throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .sorted { $0.path < $1.path }
  }

  @Test(arguments: [0, 1, 256])
  func `a stored segment gives the same bits`(mappingLimit: Int) throws {
    for (count, start) in [(1, 0), (16, 0), (17, 9), (50, 3)] {
      let tokens = TestModels.tokens(count, for: model)
      let segment = try filled(tokens, from: start)
      #expect(try cache().segment(of: tokens, startPosition: start) == nil)
      try cache().store(segment)
      let loaded = try cache(mappingLimit: mappingLimit).segment(of: tokens, startPosition: start)
      #expect(loaded?.tokens == tokens && loaded?.startPosition == start)
      #expect(try logits(over: [#require(loaded)]) == logits(over: [segment]))
    }
    #expect(warnings.all.isEmpty)
  }

  @Test func `a loaded segment continues on its own`() throws {
    let tokens = TestModels.tokens(40, for: model)
    let first = Array(tokens[..<21])
    try cache().store(filled(first))
    let segment = try #require(try cache().segment(of: first))
    let rest = ForwardRequest(tokens: Array(tokens[21...]), segment: segment, outputs: .all)
    let found = try model.forward([rest])[0].values.map(\.bitPattern)
    let expected = try TestModels.bits(tokens, in: model)
    #expect(found == Array(expected.suffix(found.count)))
    #expect(segment.tokens == tokens)
    #expect(try cache().segment(of: first)?.count == 21, "the file has not changed")
  }

  @Test func `other tokens, positions, models and hashes are other entries`() throws {
    let tokens = TestModels.tokens(20, for: model)
    let cache = try cache()
    cache.store(try filled(tokens))
    #expect(cache.segment(of: Array(tokens.dropLast())) == nil)
    #expect(cache.segment(of: tokens + [1]) == nil)
    #expect(cache.segment(of: [tokens[0] + 1] + tokens.dropFirst()) == nil)
    #expect(cache.segment(of: tokens, startPosition: 1) == nil)
    #expect(try self.cache(modelHash: [1, 2, 4]).segment(of: tokens) == nil)
    #expect(try self.cache(modelHash: [1, 2, 3, 1]).segment(of: tokens) == nil)
    let odd = try TestModels.tiny("tiny-odd")
    #expect(try self.cache(model: odd).segment(of: tokens) == nil)
    #expect(cache.segment(of: tokens) != nil)
    #expect(cache.counts == .init(hits: 1, misses: 4, stored: 1))
    #expect(warnings.all.isEmpty)
  }

  @Test func `texts are computed once`() throws {
    let texts = (0..<4).map { index in
      TestModels.tokens(10 + 7 * index, for: model).map { ($0 + Int32(index)) % 280 }
    }
    let expected = try logits(over: texts.map { try filled($0) })
    let cache = try cache()
    cache.store(try filled(texts[2]))
    for hits in [1, 5] {
      #expect(try logits(over: cache.segments(of: texts)) == expected)
      #expect(cache.counts == .init(hits: hits, misses: 3, stored: 4))
    }
  }

  @Test func `every damaged byte is found`() throws {
    let tokens: [Int32] = [3, 1, 4]
    let entry = KVCacheEntry(
      model.configuration, modelHash: [9], startPosition: 2, tokens: tokens)
    var file = entry.encoded(try filled(tokens, from: 2))
    #expect(file.count == entry.fileBytes && file.withUnsafeBytes(entry.defect) == nil)
    for index in file.indices {
      for bit in [index % 8, 7] {
        file[index] ^= UInt8(1 << bit)
        #expect(file.withUnsafeBytes(entry.defect) != nil, "bit \(bit) of byte \(index)")
        file[index] ^= UInt8(1 << bit)
      }
    }
  }

  @Test func `a damaged entry is dropped with a warning`() throws {
    let tokens: [Int32] = [3, 1, 4]
    let cache = try cache()
    let segment = try filled(tokens)
    cache.store(segment)
    let file = try #require(try files().first)
    let sound = try Data(contentsOf: file)
    let places = [0, 6, 8, 12, 24, 32, 40, 50, 64, 130, 192, sound.count / 2, sound.count - 1]
    for index in places {
      var damaged = sound
      damaged[index] ^= UInt8(1 << (index % 8))
      try damaged.write(to: file)
      #expect(cache.segment(of: tokens) == nil, "byte \(index)")
      #expect(try files().isEmpty, "byte \(index)")
    }
    #expect(cache.counts.dropped == places.count && warnings.all.count == places.count)
    #expect(warnings.all.allSatisfy { $0.hasPrefix(file.path) && $0.hasSuffix("from the cache") })
    try sound.write(to: file)
    #expect(try logits(over: [#require(cache.segment(of: tokens))]) == logits(over: [segment]))
  }

  @Test func `every other length drops the entry`() throws {
    let tokens: [Int32] = [3, 1, 4]
    let cache = try cache()
    cache.store(try filled(tokens))
    let file = try #require(try files().first)
    let sound = try Data(contentsOf: file)
    let lengths = [1, 7, 8, 63, 64, 127, 128, 150, 192, 200] + [sound.count / 2, sound.count - 8]
    for length in lengths + [sound.count - 1] {
      try sound.prefix(length).write(to: file)
      #expect(try cache.segment(of: tokens) == nil && files().isEmpty, "\(length) bytes")
    }
    try (sound + [0]).write(to: file)
    #expect(cache.segment(of: tokens) == nil)
    #expect(cache.counts.dropped == lengths.count + 2)
  }

  @Test func `an entry under another's name is dropped`() throws {
    let cache = try cache()
    cache.store(try filled([3, 1, 4]))
    let other = try filled([3, 1, 5])
    let name = KVCacheEntry(
      model.configuration, modelHash: [1, 2, 3], startPosition: 0, tokens: other.tokens
    ).fileName
    try FileManager.default.copyItem(
      at: #require(try files().first), to: folder.appendingPathComponent(name))
    #expect(cache.segment(of: other.tokens) == nil)
    #expect(warnings.all.count == 1 && warnings.all[0].contains("another text, model or version"))
  }

  @Test func `an entry of another engine version is never found`() throws {
    let names = (1...9).map { version in
      KVCacheEntry(
        model.configuration, modelHash: [1], startPosition: 0, tokens: [1, 2], engine: version
      ).fileName
    }
    #expect(Set(names).count == 9)
  }

  @Test func `an entry that shrinks while it is mapped is an error, and changes nothing`() throws {
    let tokens = TestModels.tokens(40, for: model)
    let cache = try cache()
    cache.store(try filled(tokens))
    let segment = try #require(cache.segment(of: tokens))
    let file = try #require(try files().first)
    #expect(truncate(file.path, 100) == 0)
    let own = model.makeSegment(startPosition: 60)
    #expect(throws: InferenceError.segmentLost) {
      try model.forward([ForwardRequest(tokens: [5], segment: own, attending: [segment])])
    }
    #expect(own.count == 0)
    #expect(throws: InferenceError.segmentLost) {
      try model.logProbabilities(
        of: [.init(tokens: [5], targets: [(0, 6)], startPosition: 60, attending: [segment])])
    }
    // A copy of what is lost is lost as well, and so is what is appended to it.
    #expect(throws: InferenceError.segmentLost) { try logits(over: [segment.copy()]) }
    #expect(throws: InferenceError.segmentLost) {
      try model.next(after: [5], segment: segment) { $0[0] }
    }
    #expect(cache.segment(of: tokens) == nil && cache.counts.dropped == 1)
  }

  @Test func `a removed or replaced entry stays readable where it is mapped`() throws {
    let tokens = TestModels.tokens(40, for: model)
    let cache = try cache()
    cache.store(try filled(tokens))
    let segment = try #require(cache.segment(of: tokens))
    cache.store(segment)
    for file in try files() { try FileManager.default.removeItem(at: file) }
    #expect(try logits(over: [segment]) == logits(over: [try filled(tokens)]))
  }

  @Test func `what was not used for the longest time goes first`() throws {
    let texts = (0..<6).map { index in [Int32](repeating: Int32(index + 1), count: 16) }
    try cache().store(filled(texts[0]))
    let bytes = try Data(contentsOf: #require(try files().first)).count
    // Room for four entries; a tenth is freed besides when it is full.
    let cache = try cache(capacity: 4 * bytes + bytes / 4)
    for (age, text) in texts[..<4].enumerated() {
      cache.store(try filled(text))
      try backdate(text, seconds: 100 - age)
    }
    #expect(cache.segment(of: texts[0]) != nil, "it was used now")
    cache.store(try filled(texts[4]))
    let left = texts.map { cache.segment(of: $0) != nil }
    #expect(left == [true, false, false, true, true, false])
    #expect(cache.counts.evicted == 2)
    let total = try files().reduce(0) { try $0 + Data(contentsOf: $1).count }
    #expect(total <= cache.capacityBytes)
  }

  private func backdate(_ tokens: [Int32], seconds: Int) throws {
    let name = KVCacheEntry(
      model.configuration, modelHash: [1, 2, 3], startPosition: 0, tokens: tokens
    ).fileName
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -Double(seconds))],
      ofItemAtPath: folder.appendingPathComponent(name).path)
  }

  @Test func `an entry larger than the cache is not stored, nor other files touched`() throws {
    let cache = try cache(capacity: 1000)
    let foreign = folder.appendingPathComponent("notes.txt")
    try Data(count: 5000).write(to: foreign)
    cache.store(try filled(TestModels.tokens(40, for: model)))
    #expect(try files().map(\.lastPathComponent) == ["notes.txt"])
    #expect(warnings.all.isEmpty)
  }

  @Test func `what a killed process left is removed, not what another is writing`() throws {
    _ = try cache()
    let old = folder.appendingPathComponent("0123456789abcdef.kv.1-1.part")
    let new = folder.appendingPathComponent("0123456789abcdef.kv.2-1.part")
    for file in [old, new] { try Data(count: 10).write(to: file) }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: old.path)
    _ = try cache()
    #expect(try files().map(\.lastPathComponent) == [new.lastPathComponent])
  }

  @Test func `a folder that cannot be written is one warning`() throws {
    let cache = try cache()
    try FileManager.default.removeItem(at: folder)
    try Data().write(to: folder)
    cache.store(try filled([1, 2]))
    cache.store(try filled([1, 3]))
    #expect(warnings.all.count == 1)
    #expect(cache.segment(of: [1, 2]) == nil)
    #expect(throws: (any Error).self) { try self.cache() }
  }

  @Test func `caches of several threads share a folder that overflows`() async throws {
    let texts = (0..<12).map { index in [Int32](repeating: Int32(index + 1), count: 20) }
    let expected = try texts.map { try logits(over: [filled($0)]) }
    try cache().store(filled(texts[0]))
    let bytes = try Data(contentsOf: #require(try files().first)).count
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in 0..<4 {
        group.addTask {
          let own = try cache(capacity: 6 * bytes)
          for round in 0..<40 {
            let index = (round * 7 + seed * 5) % texts.count
            let segment = try own.segments(of: [texts[index]])[0]
            #expect(try logits(over: [segment]) == expected[index])
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(warnings.all.isEmpty, "\(warnings.all)")
  }

  @Test func `the checksum is XXH64`() {
    func hash(_ text: String) -> UInt64 { Array(text.utf8).withUnsafeBytes(XXHash64.hash) }
    // From the reference implementation's documentation.
    #expect(hash("") == 0xEF46_DB37_51D8_E999)
    #expect(hash("a") == 0xD24E_C4F1_A98C_6E5B)
    #expect(hash("abc") == 0x44BC_2CF5_AD77_0999)
    #expect(hash("Nobody inspects the spammish repetition") == 0xFBCE_A83C_8A37_8BF1)
  }
}
