/// Numbers as people read them, without a locale: the same text on every machine.
package enum Figures {
  /// A part per million as a percentage with one decimal: `37.4 %`.
  package static func percent(_ ppm: Int) -> String {
    decimal(Double(ppm) / 10_000, 1) + " %"
  }

  /// Micro-nats as nats with three decimals.
  package static func nats(_ micro: Int64) -> String {
    decimal(Double(micro) / 1_000_000, 3)
  }

  /// A number with a fixed count of decimals, rounded half away from zero.
  package static func decimal(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let rounded = Int((value.magnitude * Double(scale)).rounded())
    let sign = value < 0 && rounded > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(rounded) }
    let fraction = String(rounded % scale)
    return sign + "\(rounded / scale)."
      + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  /// Rows whose cells begin in the same column, two spaces apart.
  package static func table(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { index, cell in
        index == row.count - 1 ? cell : left(cell, widths[index])
      }
      return cells.joined(separator: "  ")
    }
  }

  /// Pads on the left to a width in characters.
  package static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// Pads on the right to a width in characters.
  package static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
