import Kernels

/// Chooses the next token from logits; the same seed and logits give the same tokens everywhere.
///
/// The steps, in this order: repeat penalty over the last `repeatWindow` tokens (a positive logit is
/// divided by it, a negative one multiplied), temperature, top-k, top-p, min-p, then one draw of
/// `RandomNumbers`. Candidates are ordered by logit, equal ones by token id, and their weights are
/// summed in that order in double with `Deterministic.exp`. Tokens less likely than e^-32 of the
/// most likely one are never drawn. Temperature 0 is greedy: the largest logit, the first of equals.
package struct Sampler: Sendable {
  package let temperature: Float
  /// Keep the `topK` most likely tokens; 0 keeps all.
  package let topK: Int
  /// Keep the most likely tokens whose probabilities reach `topP` together; 1 keeps all.
  package let topP: Float
  /// Keep tokens at least `minP` times as likely as the most likely one; 0 keeps all.
  package let minP: Float
  /// 1 changes nothing.
  package let repeatPenalty: Float
  package let repeatWindow: Int
  private var random: RandomNumbers
  private var candidates: [Candidate] = []
  private var penalised: [Float] = []

  private struct Candidate {
    var token: Int32
    var logit: Float
    var weight: Double
  }

  package init(
    temperature: Float = 0, topK: Int = 0, topP: Float = 1, minP: Float = 0,
    repeatPenalty: Float = 1, repeatWindow: Int = 64, seed: UInt64 = 0
  ) {
    self.temperature = max(0, temperature)
    self.topK = max(0, topK)
    self.topP = min(1, max(0, topP))
    self.minP = min(1, max(0, minP))
    self.repeatPenalty = repeatPenalty > 0 ? repeatPenalty : 1
    self.repeatWindow = max(0, repeatWindow)
    random = RandomNumbers(seed: seed)
  }

  /// Always the most likely token.
  package static let greedy = Sampler()

  /// The next token, given the logits of the whole vocabulary and the tokens so far.
  package mutating func sample(_ logits: Span<Float>, history: [Int32] = []) -> Int32 {
    precondition(!logits.isEmpty, "a vocabulary has at least one token")
    guard repeatPenalty != 1, repeatWindow > 0, !history.isEmpty else {
      return choose(from: logits)
    }
    var values = penalised
    penalised = []
    values.removeAll(keepingCapacity: true)
    values.reserveCapacity(logits.count)
    for index in logits.indices { values.append(logits[index]) }
    penalise(&values, history.suffix(repeatWindow))
    let token = choose(from: values.span)
    penalised = values
    return token
  }

  /// The next token after the last row of `logits`.
  package mutating func sample(_ logits: Logits, history: [Int32] = []) -> Int32 {
    let row = logits[logits.rows - 1]
    return row.withUnsafeBufferPointer { sample($0.span, history: history) }
  }

  private func penalise(_ values: inout [Float], _ recent: ArraySlice<Int32>) {
    for (index, token) in zip(recent.indices, recent) {
      let isFirst = !recent[recent.startIndex..<index].contains(token)
      guard isFirst, values.indices.contains(Int(token)) else { continue }
      let logit = values[Int(token)]
      values[Int(token)] = logit > 0 ? logit / repeatPenalty : logit * repeatPenalty
    }
  }

  private mutating func choose(from logits: Span<Float>) -> Int32 {
    let best = Self.largest(logits)
    guard temperature > 0, topK != 1 else { return Int32(best) }
    collect(logits, atLeast: logits[best] - 32 * temperature)
    guard !candidates.isEmpty else { return Int32(best) }
    if topK > 0, candidates.count > topK { candidates.removeLast(candidates.count - topK) }
    weigh(against: candidates[0].logit)
    cut()
    return draw()
  }

  /// Fills `candidates` with the tokens above a bound, most likely first.
  private mutating func collect(_ logits: Span<Float>, atLeast bound: Float) {
    candidates.removeAll(keepingCapacity: true)
    for index in logits.indices where logits[index] >= bound {
      candidates.append(Candidate(token: Int32(index), logit: logits[index], weight: 0))
    }
    candidates.sort { $0.logit != $1.logit ? $0.logit > $1.logit : $0.token < $1.token }
  }

  private mutating func weigh(against largest: Float) {
    for index in candidates.indices {
      let difference = Double(candidates[index].logit - largest) / Double(temperature)
      candidates[index].weight = Deterministic.exp(difference)
    }
  }

  /// Drops the tail that top-p and min-p exclude; the most likely candidate always stays.
  private mutating func cut() {
    let total = candidates.reduce(0) { $0 + $1.weight }
    var kept = 0
    var sum = 0.0
    while kept < candidates.count {
      let weight = candidates[kept].weight
      if kept > 0, weight < Double(minP) * candidates[0].weight { break }
      sum += weight
      kept += 1
      if topP < 1, sum >= Double(topP) * total { break }
    }
    candidates.removeLast(candidates.count - kept)
  }

  private mutating func draw() -> Int32 {
    let total = candidates.reduce(0) { $0 + $1.weight }
    var rest = random.unit() * total
    for candidate in candidates {
      rest -= candidate.weight
      if rest < 0 { return candidate.token }
    }
    return candidates[candidates.count - 1].token
  }

  /// The index of the largest value, the first of equals; a NaN never wins.
  ///
  /// Sixteen maxima side by side: one at a time, a vocabulary of 49,152 would take as long as a hundredth
  /// of a small model's token.
  static func largest(_ values: Span<Float>) -> Int {
    values.withUnsafeBufferPointer { values in
      var lanes = SIMD16<Float>(repeating: -.infinity)
      var start = 0
      while start + 16 <= values.count {
        let next = UnsafeRawPointer(values.baseAddress! + start)
          .loadUnaligned(as: SIMD16<Float>.self)
        lanes.replace(with: next, where: next .> lanes)
        start += 16
      }
      var largest = -Float.infinity
      for lane in 0..<16 where lanes[lane] > largest { largest = lanes[lane] }
      for value in values[start...] where value > largest { largest = value }
      return values.firstIndex(of: largest) ?? 0
    }
  }
}
