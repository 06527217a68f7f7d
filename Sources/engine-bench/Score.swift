import Inference
import Kernels

/// Scoring of continuations of contexts that begin alike, beside plain prefill of as many tokens.
///
/// Rates are tokens a second: `score` counts every token that is computed, the shared ones once;
/// `scored` only those whose log-probability is asked; `prefill` is one text of as many tokens as
/// `score` computes, `prefillTexts` as many tokens in texts of the length of a context and a
/// continuation, each with the logits of its last token.
enum Score {
  static func run(_ options: Options) throws {
    let backend = try Backend(threads: options.threads)
    let model = try LanguageModel.load(path: options.path, backend: backend)
    let shape = Shape(
      contexts: options["contexts", default: [16]][0], shared: options["shared", default: [256]][0],
      continuation: options["continuation", default: [64]][0])
    let about: [String: Any] = [
      "isa": backend.isa.rawValue, "threads": options.threads, "model": options.path,
      "engine": engineVersion, "contexts": shape.contexts, "shared": shape.shared,
      "continuation": shape.continuation,
    ]
    _ = try scoreRate(model, Shape(contexts: 2, shared: 16, continuation: 4))
    try report(options, about: about) {
      let score = try scoreRate(model, shape)
      return [
        "score": score, "scored": score * Double(shape.scored) / Double(shape.computed),
        "prefill": try prefillRate(model, [shape.computed]),
        "prefillTexts": try prefillRate(model, shape.texts),
      ]
    }
  }

  private struct Shape {
    let contexts: Int
    let shared: Int
    let continuation: Int

    var scored: Int { contexts * continuation }
    /// The continuation's last token is asked for, not computed; the context's last one precedes it.
    var computed: Int { shared + contexts * continuation }
    /// Lengths of texts that hold `computed` tokens together.
    var texts: [Int] {
      let length = shared + continuation
      let rest = computed % length
      return [Int](repeating: length, count: computed / length) + (rest > 0 ? [rest] : [])
    }
  }

  private static func tokens(_ count: Int, from first: Int, _ model: LanguageModel) -> [Int32] {
    (first..<first + count).map { Int32($0 * 7919 % model.configuration.vocabulary) }
  }

  private static func scoreRate(_ model: LanguageModel, _ shape: Shape) throws -> Double {
    let shared = tokens(shape.shared, from: 0, model)
    let sequences = (0..<shape.contexts).map { index in
      ScoredSequence(
        context: shared + tokens(1, from: 1000 + index, model),
        continuation: tokens(shape.continuation, from: 2000 + 31 * index, model))
    }
    return try rate(shape.computed) { _ = try model.logProbabilities(of: sequences) }
  }

  private static func prefillRate(_ model: LanguageModel, _ lengths: [Int]) throws -> Double {
    let requests = lengths.enumerated().map { index, count in
      ForwardRequest(tokens: tokens(count, from: index, model), segment: model.makeSegment())
    }
    return try rate(lengths.reduce(0, +)) { _ = try model.forward(requests) }
  }
}
