import Answering
import Attribution
import AttributionMethods
import BenchmarkSupport
import Foundation

/// Readers in the mode that they were trained for and in the other: what a model loses by a context
/// that it has never seen, and what its values say there.
struct ReaderModeReport {
  fileprivate static let settings = [("gold passage alone", 1), ("2 more", 3), ("3 more", 4)]
  /// The setting whose answers are valued.
  private static let valued = 1

  fileprivate struct Score {
    var hits = 0
    var passages = 0
  }

  fileprivate struct Row {
    let name: String
    let mode: ContextMode
    var scores: [Score]
    /// Right answers that were valued, and of these those whose gold passage has the largest value.
    var right = 0
    var shapley = 0
    var leaveOneOut = 0
    /// By item, over orders of the passages: the standard deviation of a document's Shapley value over
    /// the mean gain.
    var spreads: [Double] = []
    var ordered = 0
    var changedAnswers = 0
  }

  private var rows: [Row] = []
  /// By setting.
  private var counts = ReaderModeReport.settings.map { _ in 0 }

  init(_ bench: Bench, paths: [String], items count: Int, valued: Int) throws {
    let readers = try paths.map { try JointReader(path: $0, engine: bench.engine) }
    // Every model and mode gets the same; what does not fit one prompt is left out.
    let items = bench.builder.questions(limit: count).map { place in
      Self.settings.map { setting in
        let item = bench.builder.item(
          place, planted: [(.gold, bench.builder.window(place))], documents: setting.1, owners: 1)
        return readers.allSatisfy { $0.fits(item) } ? item : nil
      }
    }
    for item in items {
      for (index, set) in item.enumerated() { counts[index] += set == nil ? 0 : 1 }
    }
    let every = max(1, counts[Self.valued] / max(1, valued))
    for (path, reader) in zip(paths, readers) {
      for mode in [ContextMode.joint, .independent] {
        var row = Row(
          name: (path as NSString).lastPathComponent, mode: mode,
          scores: Self.settings.map { _ in Score() })
        for (number, item) in items.enumerated() { try row.answer(item, number, reader) }
        for (number, item) in items.compactMap({ $0[Self.valued] }).enumerated()
        where number.isMultiple(of: every) {
          try row.value(item, reader)
        }
        rows.append(row)
      }
    }
  }
}

extension ReaderModeReport.Row {
  fileprivate mutating func answer(
    _ item: [PlantedItem?], _ number: Int, _ reader: JointReader
  ) throws {
    for case (let index, let set?) in item.enumerated() {
      // The gold passage stands in every place equally often.
      let turn = number % set.documents.count
      let order = Array(set.documents.indices[turn...]) + set.documents.indices[..<turn]
      guard let place = try reader.answer(set, order: order, mode: mode) else { continue }
      scores[index].hits += set.isRight(place) ? 1 : 0
      scores[index].passages += set.documents[place.document].role == .gold ? 1 : 0
    }
  }

  fileprivate mutating func value(_ item: PlantedItem, _ reader: JointReader) throws {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    let answers = try orders.map { try reader.answer(item, order: $0, mode: mode) }
    guard let place = answers[0] else { return }
    ordered += 1
    changedAnswers += answers.contains { $0 != place } ? 1 : 0
    let games = try orders.map { order in
      mode == .joint
        ? try reader.shapley(item, order: order, quoting: place)
        : try reader.independentShapley(item, order: order, quoting: place)
    }
    let gain = max(1e-6, games.map { abs(Double($0.gain)) }.mean)
    let values = games.map { $0.shapley().doubles }
    let deviations = item.documents.indices.map { document in
      let column = values.map { $0[document] }
      return column.map { ($0 - column.mean) * ($0 - column.mean) }.mean.squareRoot()
    }
    spreads.append(deviations.mean / gain)
    guard item.isRight(place) else { return }
    right += 1
    shapley += item.documents[top(values[0])].role == .gold ? 1 : 0
    let lost = games[0].leaveOneOut().map { Double($0) }
    leaveOneOut += item.documents[top(lost)].role == .gold ? 1 : 0
  }

  private func top(_ values: [Double]) -> Int {
    values.indices.max { (values[$0], $1) < (values[$1], $0) } ?? 0
  }
}

extension PlantedItemBuilder {
  /// The sentence that answers, with those before and after it.
  fileprivate func window(_ place: (paragraph: Int, question: Int)) -> [String] {
    let sentences = paragraphs[place.paragraph].sentences
    let answer = paragraphs[place.paragraph].questions[place.question].sentence
    let start = max(0, min(answer - 1, sentences.count - 3))
    return Array(sentences[start..<min(sentences.count, start + 3)])
  }
}

extension PlantedItem {
  fileprivate func isRight(_ place: JointReader.Place) -> Bool {
    documents[place.document].sentences[place.sentence].lowercased()
      .contains(answer.lowercased())
  }
}

extension ReaderModeReport {
  var markdown: String {
    let titles = Self.settings.map { "\($0.0): hit | passage" }.joined(separator: " | ")
    let lines = rows.map { row in
      let cells = zip(row.scores, counts).flatMap { score, count in
        [score.hits, score.passages].map { figure(Double($0) / Double(max(1, count))) }
      }
      return "| \(row.name) | \(row.mode.rawValue) | \(cells.joined(separator: " | ")) |"
    }
    let values = rows.map { row in
      "| \(row.name) | \(row.mode.rawValue) | \(row.shapley) of \(row.right) "
        + "| \(row.leaveOneOut) of \(row.right) | \(figure(100 * row.spreads.mean, 2)) "
        + "| \(figure(100 * row.spreads.quantile(0.95), 2)) "
        + "| \(row.changedAnswers) of \(row.ordered) |"
    }
    return """
      ## Readers in both context modes

      \(counts.map(String.init).joined(separator: ", ")) questions that fit one prompt; the most probable label by the reader's own logits. hit: the sentence contains \
      the answer; passage: it is in the gold passage, which stands in every place equally often. \
      Independent: every passage from position 0, the question where the file says, or else where the \
      longest passage ends.

      | reader | mode | \(titles) |
      | --- | --- |\(String(repeating: " --- |", count: 2 * Self.settings.count))
      \(lines.joined(separator: "\n"))

      With 2 more passages, some of the answers valued exactly: how often the gold passage has the \
      largest value where the answer is right, the deviation of a document's Shapley value over the 6 \
      orders of the passages, in percent of v(everyone) - v(nobody) (numbers and labels follow the \
      order), and in how many items another order changes the sentence chosen.

      | reader | mode | Shapley right | leave-one-out right | deviation, mean | greatest of 95 % | \
      answers that change |
      | --- | --- | --- | --- | --- | --- | --- |
      \(values.joined(separator: "\n"))

      """
  }
}
