import Foundation
import Kernels
import Synchronization
import TestSupport
import Testing

@testable import Inference

/// Packed weights on disk: the same bits as without them, whatever happens to the file.
@Suite struct WeightCacheTests {
  let folder: URL
  let warnings = KVCacheTests.Warnings()
  private let temporary: TemporaryFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = temporary.url("cache")
  }

  private func cache(
    modelHash: [UInt8] = [1, 2, 3], capacity: Int = 1 << 30, minimumBytes: Int = 0
  ) throws -> WeightCache {
    let warnings = warnings
    return try WeightCache(
      directory: folder.path, capacityBytes: capacity, modelHash: modelHash,
      minimumBytes: minimumBytes, onWarning: { warnings.add($0) })
  }

  private func load(_ name: String, _ cache: WeightCache?, threads: Int = 2) throws -> LanguageModel
  {
    try LanguageModel.load(
      path: Fixture.path("\(name).gguf"), backend: Backend(threads: threads), cache: cache)
  }

  private func bits(_ model: LanguageModel) throws -> [UInt32] {
    let request = ForwardRequest(
      tokens: TestModels.tokens(9, for: model), segment: model.makeSegment(), outputs: .all)
    return try model.forward([request])[0].values.map(\.bitPattern)
  }

  private func file() throws -> URL {
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    return try #require(files.count == 1 ? files[0] : nil)
  }

  @Test(arguments: TestModels.tiny + ["family-phi3", "family-gemma3-q8_0"])
  func `stored weights give the same bits`(name: String) throws {
    let packed = try load(name, nil)
    let first = try load(name, cache())
    let second = try load(name, cache(), threads: 1)
    #expect(!first.hasStoredWeights && second.hasStoredWeights)
    #expect(try bits(second) == bits(packed) && bits(first) == bits(packed))
    #expect(warnings.all.isEmpty)
  }

  @Test func `weights of another model or a small one are not used`() throws {
    _ = try load("tiny-q8_0", cache(minimumBytes: 1 << 30))
    _ = try load("tiny-q8_0", cache(capacity: 1 << 10))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    _ = try load("tiny-q8_0", cache())
    #expect(try !load("tiny-q8_0", cache(modelHash: [4])).hasStoredWeights)
    // Under the same hash, as if somebody had lied about it: what is not this model's is packed.
    let other = try load("tiny-q4_0", cache())
    #expect(try bits(other) == bits(load("tiny-q4_0", nil)))
  }

  @Test func `every damaged byte of the ends, and of the body, is found`() throws {
    let expected = try bits(load("tiny-q8_0", nil))
    _ = try load("tiny-q8_0", cache())
    let good = try Data(contentsOf: file())
    let path = try file()
    let places = [0, 1, good.count / 2] + (1...400).map { good.count - $0 }
    for place in places {
      var bytes = good
      bytes[place] ^= 1 << UInt8(place % 8)
      try bytes.write(to: path)
      let before = warnings.all.count
      let stored = try cache().open(Backend(threads: 2))
      #expect(stored == nil, "byte \(place)")
      #expect(warnings.all.count == before + 1)
      #expect(!FileManager.default.fileExists(atPath: path.path))
    }
    for count in [0, 1, 127, 128, good.count - 1, good.count / 2] {
      try good.prefix(count).write(to: path)
      #expect(try cache().open(Backend(threads: 1)) == nil, "\(count) bytes")
    }
    try (good + [0]).write(to: path)
    #expect(try cache().open(Backend(threads: 1)) == nil)
    try good.write(to: path)
    #expect(try bits(load("tiny-q8_0", cache())) == expected)
  }

  @Test func `a file that shrinks while it is used is an error`() throws {
    _ = try load("tiny-q8_0", cache())
    let model = try load("tiny-q8_0", cache())
    let handle = try FileHandle(forWritingTo: file())
    try handle.truncate(atOffset: 4096)
    #expect(throws: InferenceError.weightsLost) { try bits(model) }
  }

  @Test func `a folder that cannot be written is a warning`() throws {
    let cache = try cache()
    try FileManager.default.removeItem(at: folder)
    try Data().write(to: folder)
    #expect(try bits(load("tiny-q8_0", cache)) == bits(load("tiny-q8_0", nil)))
    #expect(warnings.all.count == 1)
  }

  /// Values from the reference implementation, xxhash 0.8.
  @Test(
    arguments: [
      (241, 0x541b_1922_6f00_52e8), (256, 0xff5a_1cef_ade7_5bb9), (1024, 0x71be_e625_238a_ddb4),
      (1025, 0xd9b4_14f4_e1bb_f7ad), (1088, 0xb74e_423e_955e_509d), (4096, 0x5c72_2d9c_eb6f_9064),
      (4_000_001, 0x5271_5fa3_37e0_a5d3),
    ] as [(Int, UInt64)])
  func `checksums are XXH3`(count: Int, expected: UInt64) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ ($0 >> 8)) }
    #expect(bytes.withUnsafeBytes(XXHash3.hash) == expected)
  }
}
