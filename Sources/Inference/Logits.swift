/// The logits of the rows that a request asked for, row after row.
package struct Logits: Sendable, Equatable {
  package let rows: Int
  package let vocabulary: Int
  /// `rows * vocabulary` values.
  package let values: [Float]

  package init(rows: Int, vocabulary: Int, values: [Float]) {
    precondition(values.count == rows * vocabulary)
    self.rows = rows
    self.vocabulary = vocabulary
    self.values = values
  }

  /// The logits of the whole vocabulary after the row's token; rows count from 0 in request order.
  package subscript(row: Int) -> ArraySlice<Float> {
    precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
    return values[(row * vocabulary)..<((row + 1) * vocabulary)]
  }
}
