import ArgumentParser
import Foundation

/// The forms in which a benchmark's rows are printed; the first columns are llama-bench's.
enum BenchFormat: String, ExpressibleByArgument, CaseIterable {
  case md, json, jsonl, csv
}

/// A value of a benchmark's row, which knows how it looks as text and as JSON.
enum BenchValue: Encodable {
  case text(String)
  case integer(Int)
  case decimal(Double, Int)
  case absent

  var string: String {
    switch self {
    case .text(let value): value
    case .integer(let value): String(value)
    case .decimal(let value, let digits): String(format: "%.\(digits)f", value)
    case .absent: ""
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .decimal(let value, let digits):
      let scale = pow(10, Double(digits))
      try container.encode((value * scale).rounded() / scale)
    case .absent: try container.encodeNil()
    }
  }
}

/// Rows under named columns, printed as Markdown, JSON, JSON lines or CSV.
struct BenchTable {
  struct Column {
    /// The heading that people read.
    let title: String
    /// The key in JSON and CSV.
    let key: String
    var alignsRight = true
  }

  let columns: [Column]
  var rows: [[BenchValue]] = []

  func rendered(as format: BenchFormat) throws -> String {
    switch format {
    case .md: markdown
    case .csv: csv
    case .json: try "[\n" + objects().map { "  " + $0 }.joined(separator: ",\n") + "\n]"
    case .jsonl: try objects().joined(separator: "\n")
    }
  }

  private var markdown: String {
    let texts = rows.map { $0.map(\.string) }
    let widths = columns.indices.map { column in
      max(columns[column].title.count, texts.map { $0[column].count }.max() ?? 0)
    }
    func line(_ cells: [String]) -> String {
      let padded = zip(columns.indices, cells).map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return columns[column].alignsRight ? space + cell : cell + space
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = zip(columns, widths).map { column, width in
      column.alignsRight
        ? String(repeating: "-", count: width - 1) + ":" : String(repeating: "-", count: width)
    }
    return ([line(columns.map(\.title)), line(rule)] + texts.map(line)).joined(separator: "\n")
  }

  private var csv: String {
    func quoted(_ text: String) -> String {
      text.contains { ",\"\n".contains($0) }
        ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }
    let head = columns.map { quoted($0.key) }.joined(separator: ",")
    return ([head] + rows.map { $0.map { quoted($0.string) }.joined(separator: ",") })
      .joined(separator: "\n")
  }

  private func objects() throws -> [String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    return try rows.map { row in
      let fields = try zip(columns, row).map { column, value in
        let key = String(decoding: try encoder.encode(column.key), as: UTF8.self)
        return "\(key): \(String(decoding: try encoder.encode(value), as: UTF8.self))"
      }
      return "{" + fields.joined(separator: ", ") + "}"
    }
  }
}
