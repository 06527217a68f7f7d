import Answering
import AttributionMethods

/// How well a chat model answers in each context mode.
struct ContextQualityReport {
  /// What the model reads.
  private enum Reading: String, CaseIterable {
    case nothing = "nothing"
    case gold = "the gold passage alone"
    case all = "all passages"
  }

  private struct Quality {
    var perToken: [Double] = []
    var first = 0
    var reciprocal: [Double] = []
    var contains = 0
    var dropped = 0
  }

  private struct Row: Hashable {
    let reading: Reading
    let mode: ContextMode
  }

  private let candidates: Int
  private var rows: [Row: Quality] = [:]
  /// Items whose written answers are the same in both modes, with all passages.
  private var (items, same) = (0, 0)

  init(candidates: Int) {
    self.candidates = candidates
  }

  mutating func add(
    _ item: PlantedItem, others: [String], _ chat: ChatModes, _ modes: [ContextMode]
  ) throws {
    items += 1
    var written: Set<String> = []
    for mode in modes {
      for reading in Reading.allCases {
        let sources: [Source] =
          switch reading {
          case .nothing: []
          case .gold: item.sources.filter { item.documents[$0.document].role == .gold }
          case .all: item.sources
          }
        let answerer = try chat.answerer(mode)
        let row = Row(reading: reading, mode: mode)
        try add(item, others, sources, answerer, to: row)
        let answer = try answerer.answer(item.question, sources: sources)
        let text = answer.text.lowercased()
        rows[row]?.contains += text.contains(item.answer.lowercased()) ? 1 : 0
        rows[row]?.dropped += answer.dropped.count
        if reading == .all { written.insert(answer.text) }
      }
    }
    same += written.count == 1 ? 1 : 0
  }

  private mutating func add(
    _ item: PlantedItem, _ others: [String], _ sources: [Source], _ answerer: any TextValuing,
    to row: Row
  ) throws {
    let values = try answerer.logProbabilities(
      of: [item.answer] + others, answering: item.question, sources: sources
    ).map(\.mean)
    let rank = 1 + values.dropFirst().count { $0 >= values[0] }
    rows[row, default: Quality()].perToken.append(values[0])
    rows[row]?.first += rank == 1 ? 1 : 0
    rows[row]?.reciprocal.append(1 / Double(rank))
  }

  var markdown: String {
    let lines = Reading.allCases.flatMap { reading in
      ContextMode.allCases.compactMap { mode in
        rows[Row(reading: reading, mode: mode)].map { quality in
          let count = Double(max(1, items))
          return "| \(reading.rawValue) | \(mode.rawValue) "
            + "| \(figure(quality.perToken.mean)) ± \(figure(quality.perToken.standardError)) "
            + "| \(figure(Double(quality.first) / count)) | \(figure(quality.reciprocal.mean)) "
            + "| \(figure(Double(quality.contains) / count)) | \(quality.dropped) |"
        }
      }
    }
    return """
      ## Answers in both context modes

      The log-probability per token, in nats, of the question set's answer, its rank by that among \
      \(candidates) answers, the others being of other questions and in none of the passages, and how \
      many answers that the model writes contain it. With all passages \(same) of \(items) written \
      answers are the same text in both modes. Left out: passages that did not fit.

      | read | mode | log p per token | first | 1 / rank | written answer contains it | left out |
      | --- | --- | --- | --- | --- | --- | --- |
      \(lines.joined(separator: "\n"))

      """
  }
}
