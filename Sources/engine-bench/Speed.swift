import Inference
import Kernels

/// Prefill and decode of a decoder; the file needs no tokenizer.
enum Speed {
  /// Tokens that are read unmeasured before each round.
  private static let warmUp = 64

  static func run(_ options: Options) throws {
    let backend = try Backend(threads: options.threads)
    let model = try LanguageModel.load(
      path: options.path, backend: backend, cache: options.openWeightCache())
    let about: [String: Any] = [
      "isa": backend.isa.rawValue, "threads": options.threads, "model": options.path,
      "engine": engineVersion,
    ]
    try report(options, about: about) {
      // A turn follows a pause, in which threads sleep.
      _ = try prefillRate(model, warmUp)
      var result: [String: Double] = [:]
      for count in options["prefill", default: [128, 256]] {
        result["prefill\(count)"] = try prefillRate(model, count)
      }
      result["decode"] = try decodeRate(model, options["decode", default: [32]][0])
      return result
    }
  }

  /// Tokens per second over one batch, logits of the last token included.
  private static func prefillRate(_ model: LanguageModel, _ count: Int) throws -> Double {
    let segment = model.makeSegment()
    let tokens = (0..<count).map { Int32($0 * 7919 % model.configuration.vocabulary) }
    return try rate(count) { _ = try model.next(after: tokens, segment: segment) { $0[0] } }
  }

  /// Tokens per second, one at a time, after 16 tokens of prompt.
  private static func decodeRate(_ model: LanguageModel, _ count: Int) throws -> Double {
    let vocabulary = model.configuration.vocabulary
    let segment = model.makeSegment()
    let prompt = (0..<16).map { Int32($0 * 7919 % vocabulary) }
    _ = try model.next(after: prompt, segment: segment) { $0[0] }
    return try rate(count) {
      for index in 0..<count {
        let token = Int32(index * 104_729 % vocabulary)
        _ = try model.next(after: [token], segment: segment) { $0[0] }
      }
    }
  }
}
