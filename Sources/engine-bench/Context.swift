import Foundation
import Inference
import Kernels

/// Cost of a decoded token, and of a prompt of 128, behind contexts of growing length.
///
/// The context is a segment of arbitrary finite keys and values: its contents do not change the work.
enum Context {
  /// Tokens of the prompt behind the context.
  private static let chunk = 128

  static func run(_ options: Options) throws {
    let backend = try Backend(threads: options.threads)
    let model = try LanguageModel.load(path: options.path, backend: backend)
    let limits = MachineLimits.measure(backend)
    for length in options["context", default: [128, 512, 1024, 2048, 4096, 8064]] {
      guard length + chunk <= model.configuration.contextLength else { continue }
      let segment = arbitrarySegment(model, length)
      var best: [String: Double] = [:]
      for _ in 0..<options.rounds {
        for (tokens, name) in [(1, "decode"), (chunk, "prefill")] {
          try time(model, segment, tokens, name, into: &best)
        }
      }
      best["decodeGBpsOfLimit"] = best["decodeGBps", default: 0] / limits.readGBps
      best["prefillGFLOPsOfLimit"] = best["prefillGFLOPs", default: 0] / limits.fmaGFLOPs
      let about: [String: Any] = [
        "isa": backend.isa.rawValue, "threads": options.threads, "model": options.path,
        "engine": engineVersion, "context": length, "readGBps": limits.readGBps,
      ]
      try printLine(about.merging(best) { first, _ in first })
    }
  }

  /// Keeps the fastest run: milliseconds a token, the attention kernel's part of them, and its rates.
  private static func time(
    _ model: LanguageModel, _ segment: KVSegment, _ count: Int, _ name: String,
    into best: inout [String: Double]
  ) throws {
    let length = segment.count
    let tokens = (0..<count).map { Int32($0 * 7919 % model.configuration.vocabulary) }
    model.backend.startProfile()
    let rate = try rate(count) {
      _ = try model.next(after: tokens, segment: segment) { $0[0] }
    }
    let profile = model.backend.stopProfile()
    segment.truncate(to: length)
    guard 1000 / rate < best["\(name)Milliseconds"] ?? .infinity else { return }
    let attention = profile.filter { $0.shape.name == "attention" }.map(\.counter)
    let nanoseconds = Double(attention.reduce(0) { $0 + $1.nanoseconds })
    best["\(name)Milliseconds"] = 1000 / rate
    best["\(name)AttentionShare"] = nanoseconds / (1e9 * Double(count) / rate)
    best["\(name)GBps"] = Double(attention.reduce(0) { $0 + $1.bytes }) / nanoseconds
    best["\(name)GFLOPs"] = Double(attention.reduce(0) { $0 + $1.operations }) / nanoseconds
  }

  /// A segment of `length` positions with room for more, filled with halves between 0.25 and 1.
  private static func arbitrarySegment(_ model: LanguageModel, _ length: Int) -> KVSegment {
    let memory = Memory(
      layers: model.configuration.layers,
      byteCount: KVSegment.byteCount(of: model.configuration, positions: length))
    return KVSegment(
      model.configuration, startPosition: 0, tokens: [Int32](repeating: 1, count: length),
      layers: memory.layers, owner: memory)
  }

  /// All layers in one buffer, as in a segment of the engine.
  private final class Memory: KVMemory {
    let isDamaged = false
    private let buffer: KVBuffer
    let layers: [UnsafeRawBufferPointer]

    init(layers count: Int, byteCount: Int) {
      buffer = KVBuffer(byteCount: count * byteCount)
      let start = buffer.pointer
      layers = (0..<count).map {
        UnsafeRawBufferPointer(start: start + $0 * byteCount, count: byteCount)
      }
      var state: UInt32 = 1
      for half in 0..<count * byteCount / 2 {
        state = state &* 1_664_525 &+ 1_013_904_223
        let bits = UInt16(truncatingIfNeeded: state >> 16) & 0x87FF | 0x3400
        start.storeBytes(of: bits, toByteOffset: 2 * half, as: UInt16.self)
      }
    }
  }
}
