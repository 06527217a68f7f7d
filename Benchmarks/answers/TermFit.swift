import Foundation

/// Weights under which the right sentences are most likely: a softmax over each question's sentences.
///
/// 400 steps of Adam on features scaled to unit deviation, with a small quadratic penalty. Started
/// from zero and run in a fixed order, so that the same data give the same weights.
struct TermFit {
  struct Question {
    /// One row per sentence.
    let features: [[Double]]
    /// Whether each sentence is a right one.
    let answers: [Bool]
  }

  let weights: [Double]

  init(_ questions: [Question]) {
    let usable = questions.filter { $0.answers.contains(true) }
    let count = usable.first?.features.first?.count ?? 0
    let rows = usable.flatMap(\.features)
    let scales = (0..<count).map { index in Self.deviation(rows.map { $0[index] }) }
    let scaled = usable.map { question in
      Question(
        features: question.features.map { row in zip(row, scales).map { $0 / $1 } },
        answers: question.answers)
    }
    var weights = [Double](repeating: 0, count: count)
    var (mean, square) = (weights, weights)
    for step in 1...400 {
      let gradient = Self.gradient(scaled, weights)
      for index in weights.indices {
        mean[index] = 0.9 * mean[index] + 0.1 * gradient[index]
        square[index] = 0.99 * square[index] + 0.01 * gradient[index] * gradient[index]
        let (m, s) = (1 - pow(0.9, Double(step)), 1 - pow(0.99, Double(step)))
        weights[index] -= 0.05 * (mean[index] / m) / ((square[index] / s).squareRoot() + 1e-8)
      }
    }
    self.weights = zip(weights, scales).map { $0 / $1 }
  }

  /// Of the mean negative log-likelihood plus the penalty.
  private static func gradient(_ questions: [Question], _ weights: [Double]) -> [Double] {
    var gradient = weights.map { 1e-3 * $0 }
    for question in questions {
      let scores = question.features.map { zip($0, weights).reduce(0) { $0 + $1.0 * $1.1 } }
      let greatest = scores.max() ?? 0
      let exponentials = scores.map { exp($0 - greatest) }
      let sum = exponentials.reduce(0, +)
      let right = Double(question.answers.count { $0 })
      for (index, row) in question.features.enumerated() {
        let target = question.answers[index] ? 1 / right : 0
        let error = (exponentials[index] / sum - target) / Double(questions.count)
        for feature in row.indices { gradient[feature] += error * row[feature] }
      }
    }
    return gradient
  }

  private static func deviation(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(max(1, values.count))
    let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count))
    return max(square.squareRoot(), 1e-9)
  }
}
