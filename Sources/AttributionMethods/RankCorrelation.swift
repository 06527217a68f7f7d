/// Spearman's rank correlation.
package enum RankCorrelation {
  /// The correlation of the ranks of two lists; nil where one of them is constant.
  ///
  /// Equal values share the mean of their ranks, so it is Pearson's correlation of the ranks and not
  /// the shortcut by squared differences, which ties make wrong.
  package static func spearman(_ left: [Double], _ right: [Double]) -> Double? {
    precondition(left.count == right.count, "one value for each value")
    return pearson(ranks(of: left), ranks(of: right))
  }

  /// From 1; equal values share the mean of their ranks.
  package static func ranks(of values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var end = first + 1
      while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
      for place in order[first..<end] { ranks[place] = Double(first + 1 + end) / 2 }
      first = end
    }
    return ranks
  }

  static func pearson(_ left: [Double], _ right: [Double]) -> Double? {
    let count = Double(left.count)
    let (leftMean, rightMean) = (left.reduce(0, +) / count, right.reduce(0, +) / count)
    var (product, leftSquare, rightSquare) = (0.0, 0.0, 0.0)
    for (x, y) in zip(left, right) {
      product += (x - leftMean) * (y - rightMean)
      leftSquare += (x - leftMean) * (x - leftMean)
      rightSquare += (y - rightMean) * (y - rightMean)
    }
    guard leftSquare > 0, rightSquare > 0 else { return nil }
    return product / (leftSquare.squareRoot() * rightSquare.squareRoot())
  }
}
