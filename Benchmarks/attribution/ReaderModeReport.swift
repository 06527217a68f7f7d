import Answering
import AttributionMethods
import BenchmarkSupport
import Foundation

/// Readers in the mode that they were trained for and in the other: what a model loses by a context
/// that it has never seen.
struct ReaderModeReport {
  private static let settings = [("gold passage alone", 1), ("2 more", 3), ("5 more", 6)]

  private struct Score {
    var (hits, passages) = (0, 0)
  }

  private var rows: [(name: String, mode: ContextMode, scores: [Score], items: Int)] = []

  init(_ bench: Bench, paths: [String], items count: Int) throws {
    let places = bench.builder.questions(limit: count)
    let readers = try paths.map { try JointReader(path: $0, engine: bench.engine) }
    let items = places.map { place in
      Self.settings.map { bench.builder.single(place, documents: $0.1, owners: 1) }
    }.filter { item in readers.allSatisfy { reader in item.allSatisfy(reader.fits) } }
    for (path, reader) in zip(paths, readers) {
      for mode in [ContextMode.joint, .independent] {
        var scores = Self.settings.map { _ in Score() }
        for (number, item) in items.enumerated() {
          for (index, set) in item.enumerated() {
            // The gold passage stands in every place equally often.
            let turn = number % set.documents.count
            let order = Array(set.documents.indices[turn...]) + set.documents.indices[..<turn]
            guard let place = try reader.answer(set, order: order, mode: mode) else { continue }
            let sentence = set.documents[place.document].sentences[place.sentence]
            let holds = sentence.lowercased().contains(set.answer.lowercased())
            scores[index].hits += holds ? 1 : 0
            scores[index].passages += set.documents[place.document].role == .gold ? 1 : 0
          }
        }
        rows.append(((path as NSString).lastPathComponent, mode, scores, items.count))
      }
    }
  }

  var markdown: String {
    let titles = Self.settings.map { "\($0.0): hit | passage" }.joined(separator: " | ")
    let lines = rows.map { row in
      let cells = row.scores.flatMap { score in
        [score.hits, score.passages].map { figure(Double($0) / Double(max(1, row.items))) }
      }
      return "| \(row.name) | \(row.mode.rawValue) | \(cells.joined(separator: " | ")) |"
    }
    return """
      ## Readers in both context modes

      \(rows.first?.items ?? 0) questions; the most probable label by the reader's own logits. hit: the \
      sentence contains the answer; passage: it is in the gold passage, which stands in every place \
      equally often. Independent: every passage from position 0, the question where the file says, or \
      else where the longest passage ends.

      | reader | mode | \(titles) |
      | --- | --- |\(String(repeating: " --- |", count: 2 * Self.settings.count))
      \(lines.joined(separator: "\n"))

      """
  }
}
