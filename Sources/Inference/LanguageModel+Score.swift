import Kernels

extension LanguageModel {
  /// Computes all requests as one batch; `result[i]` are the logits that request `i` asked for.
  package func forward(_ requests: [ForwardRequest]) throws -> [Logits] {
    let vocabulary = configuration.vocabulary
    return try exclusively {
      let batch = try ForwardBatch(requests, configuration)
      var values = batch.outputRows.map { [Float](repeating: 0, count: $0.count * vocabulary) }
      try run(batch) { outputs in
        logits(of: outputs) { output, logits in
          values[output.request].withUnsafeMutableBufferPointer { target in
            let row = target.baseAddress! + output.index * vocabulary
            row.update(from: logits, count: vocabulary)
          }
        }
      }
      return zip(batch.outputRows, values).map {
        Logits(rows: $0.count, vocabulary: vocabulary, values: $1)
      }
    }
  }

  /// The log-probability of each request's targets, in nats, in the order of the targets.
  ///
  /// All requests are one batch. Rows of logits never exist as a whole: see
  /// `Backend.logProbabilities`.
  package func logProbabilities(_ requests: [ScoreRequest]) throws -> [[Double]] {
    try exclusively {
      let wanted = try requests.map { try rowsToTargets($0) }
      let batch = try ForwardBatch(
        zip(requests, wanted).map { request, rows in
          ForwardRequest(
            tokens: request.tokens, segment: request.segment, attending: request.attending,
            outputs: .rows(rows.map(\.row)), adapters: request.adapters)
        }, configuration)
      var result = requests.map { [Double](repeating: 0, count: $0.targets.count) }
      try run(batch) { outputs in
        var targets: [(row: Int, token: Int32)] = []
        var places: [(request: Int, target: Int)] = []
        for (row, output) in outputs.enumerated() {
          for target in wanted[output.request][output.index].targets {
            targets.append((row, requests[output.request].targets[target].token))
            places.append((output.request, target))
          }
        }
        let values = backend.logProbabilities(
          weights.output, hidden: state.h.pointer, rows: outputs.count,
          stride: state.strides.width, softCap: features.finalSoftCap, targets: targets)
        for (place, value) in zip(places, values) { result[place.request][place.target] = value }
      }
      return result
    }
  }

  /// Tokens that one batch of texts may hold: bounds the memory of keys and values.
  static let batchTokens = 4096

  /// The log-probability of each text's targets, in nats, in the order of the targets.
  ///
  /// Texts that begin alike and attend to the same segments are computed once up to where they
  /// differ; everything else rides in the same batches. The result has the bits that each text alone
  /// would give. Keys and values are kept only as long as something below them is not computed.
  package func logProbabilities(of sequences: [ScoredSequence]) throws -> [[Double]] {
    try logProbabilities(of: sequences, batchTokens: Self.batchTokens)
  }

  func logProbabilities(
    of sequences: [ScoredSequence], batchTokens: Int
  ) throws -> [[Double]] {
    let forest = try ScoringForest(sequences)
    var segments = [KVSegment?](repeating: nil, count: forest.nodes.count)
    var result = sequences.map { [Double](repeating: 0, count: $0.targets.count) }
    for batch in forest.batches(of: batchTokens) {
      for index in batch {
        segments[index] = makeSegment(startPosition: forest.nodes[index].position)
      }
      let requests = batch.map { request(forest.nodes[$0], segments[$0]!, segments) }
      for (index, values) in zip(batch, try logProbabilities(requests)) {
        for (target, value) in zip(forest.nodes[index].targets, values) {
          result[target.sequence][target.index] = value
        }
      }
      for index in 0..<batch.upperBound where forest.nodes[index].end <= batch.upperBound {
        segments[index] = nil
      }
    }
    return result
  }

  private func request(
    _ node: ScoringForest.Node, _ segment: KVSegment, _ segments: [KVSegment?]
  ) -> ScoreRequest {
    ScoreRequest(
      tokens: Array(node.tokens), targets: node.targets.map { ($0.row, $0.token) },
      segment: segment, attending: node.attending + node.ancestors.map { segments[$0]! },
      adapters: node.adapters)
  }

  /// Computes `tokens` and gives `body` the logits after the last one, without copying them.
  ///
  /// This is the decode loop's call. Buffers are the model's and the segment's own; what a call
  /// allocates is a few small arrays that describe it, less than 1 % of a small model's time.
  package func next<R>(
    after tokens: [Int32], segment: KVSegment, attending: [KVSegment] = [],
    adapters: [LoRAAdapter] = [], _ body: (Span<Float>) throws -> R
  ) throws -> R {
    try exclusively {
      let request = ForwardRequest(
        tokens: tokens, segment: segment, attending: attending, adapters: adapters)
      var result: R?
      var failure: (any Error)?
      try run(ForwardBatch([request], configuration)) { outputs in
        logits(of: outputs) { _, logits in
          let row = UnsafeBufferPointer(start: logits, count: configuration.vocabulary)
          do { result = try body(row.span) } catch { failure = error }
        }
      }
      if let failure { throw failure }
      return result!
    }
  }

  private struct Row {
    let row: Int
    /// Indices into the request's targets.
    var targets: [Int]
  }

  /// Each row once, with its targets: several targets of one row share its logits.
  private func rowsToTargets(_ request: ScoreRequest) throws -> [Row] {
    var result: [Row] = []
    var places: [Int: Int] = [:]
    for (index, target) in request.targets.enumerated() {
      guard target.token >= 0, Int(target.token) < configuration.vocabulary else {
        throw InferenceError.tokenOutOfRange(
          token: target.token, vocabulary: configuration.vocabulary)
      }
      if let place = places[target.row] {
        result[place].targets.append(index)
      } else {
        places[target.row] = result.count
        result.append(Row(row: target.row, targets: [index]))
      }
    }
    return result
  }
}
