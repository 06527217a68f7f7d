/// Renders an answer's report for a terminal: citations, influence bars, the cost of attribution.
package struct AnswerText: Sendable {
  package var colours: Bool
  /// Width of a full bar in characters.
  package var barWidth = 24

  package init(colours: Bool) {
    self.colours = colours
  }

  /// What follows the streamed answer.
  package func summary(of report: AnswerReport) -> String {
    var lines: [String] = []
    if report.passages.isEmpty {
      lines.append(dim("No sources were found: nothing is attributed to anybody."))
    }
    lines += citations(of: report)
    lines.append("")
    lines += influence(of: report, from: Self.visibleShare)
    for passage in report.dropped {
      lines.append(dim("left out, the context was full: \(passage)"))
    }
    lines.append(dim(footer(of: report)))
    return lines.joined(separator: "\n")
  }

  /// The coalition table with leave-one-out, Banzhaf and solo beside the Shapley value.
  package func explanation(of report: AnswerReport) -> String {
    var lines = ["Q: \(report.question)", "A: \(report.answer)", ""]
    lines += influence(of: report)
    lines += ["", "Values in nats (log p of this answer with only these contributors):"]
    for coalition in report.coalitions {
      let names = coalition.players.map { report.contributors[$0].name }
      let label = names.isEmpty ? "nobody (the model alone)" : names.joined(separator: " + ")
      lines.append("  \(nats(coalition.logProbMicroNats))  \(label)")
    }
    lines.append(dim("In \(report.mode) context, \(report.removal)."))
    if !report.contributors.isEmpty {
      lines += ["", "  Shapley  leave-one-out  Banzhaf     solo"]
      for player in report.contributors {
        let values: [Int64?] = [
          player.shapleyMicroNats, player.leaveOneOutMicroNats, player.banzhafMicroNats,
          player.soloMicroNats,
        ]
        let columns = values.map { $0.map(nats) ?? Figures.right("-", 9) }
        lines.append("\(columns.joined(separator: "  "))  \(player.name)")
      }
    }
    lines += adapters(of: report)
    lines += evidence(of: report)
    lines += ["", dim(footer(of: report))]
    return lines.joined(separator: "\n")
  }

  private func citations(of report: AnswerReport) -> [String] {
    report.citations.map { passage in
      let owner = report.contributors[passage.contributor].name
      let place = "[\(passage.number!)] \(passage.document):\(passage.lines)  \(dim(owner))"
      guard passage.number == 1, let words = report.shortAnswer else { return place }
      return "\(place)  “\(words)”"
    }
  }

  /// Below this share (0.05 %, which rounds to 0.0 %) a row says nothing; `why` shows all.
  private static let visibleShare = 500

  private func influence(of report: AnswerReport, from smallest: Int = 0) -> [String] {
    let changing = Set(report.adapters?.map(\.contributor) ?? [])
    let rows = report.contributorsByShare.filter {
      report.contributors[$0].sharePPM >= smallest || changing.contains($0)
    }
    let labels: [[Int]] = [
      report.contributors.map(\.name.count),
      report.documents.map { $0.document.count + $0.lines.count + 3 },
      (report.adapters ?? []).map { Self.label($0).count },
    ]
    let width = labels.joined().reduce(Self.ownKnowledge.count, max)
    var lines: [String] = []
    for index in rows {
      let player = report.contributors[index]
      lines.append(row(player.name, player.sharePPM, player.standardErrorPPM, width, bold: true))
      for document in report.documents
      where document.contributor == index && document.sharePPM >= smallest {
        lines.append(
          row("  \(document.document):\(document.lines)", document.sharePPM, nil, width))
      }
      for adapter in report.adapters ?? [] where adapter.contributor == index {
        lines.append(row(Self.label(adapter), adapter.sharePPM, nil, width))
      }
    }
    lines.append(row(Self.ownKnowledge, report.ownKnowledgePPM, nil, width))
    let silent = report.documents.filter { $0.sharePPM < smallest }
    if !silent.isEmpty {
      lines.append(dim("read without influence: \(silent.map(\.document).joined(separator: ", "))"))
    }
    return lines
  }

  private static func label(_ adapter: AnswerReport.Adapter) -> String {
    "  adapter \(adapter.adapter)"
  }

  private static let ownKnowledge = "model's own knowledge"

  private func row(
    _ label: String, _ ppm: Int, _ error: Int?, _ width: Int, bold: Bool = false
  ) -> String {
    let padded = Figures.left(label, width)
    let share = percent(ppm) + (error.map { " ± " + Figures.percent($0) } ?? "")
    return "\(bold ? strong(padded) : padded)  \(bar(ppm)) \(share)"
  }

  private func adapters(of report: AnswerReport) -> [String] {
    guard let adapters = report.adapters else { return [] }
    var lines = ["", "  Owen     leave-one-out  Adapters that changed the model:"]
    for adapter in adapters {
      let alone = adapter.leaveOneOutMicroNats.map(nats) ?? Figures.right("-", 9)
      let owner = report.contributors[adapter.contributor].name
      lines.append(
        "\(nats(adapter.owenMicroNats))  \(alone)      \(adapter.adapter), shard "
          + "\(adapter.shard.prefix(12))  \(dim(owner))")
    }
    return lines
  }

  private func evidence(of report: AnswerReport) -> [String] {
    let influential = report.documents.filter { $0.sharePPM > 0 }
      .sorted { ($1.sharePPM, $0.document) < ($0.sharePPM, $1.document) }
      .prefix(3)
    guard !influential.isEmpty else { return [] }
    var lines = ["", "Most influential passages:"]
    for document in influential {
      let owner = report.contributors[document.contributor].name
      lines.append(
        "  \(percent(document.sharePPM)) \(document.document):\(document.lines)  \(dim(owner))")
      for passage in report.passages
      where passage.shard == document.shard && passage.document == document.document {
        let words = passage.text.split(whereSeparator: \.isWhitespace)
        lines.append("      “\(words.joined(separator: " "))”")
      }
    }
    return lines
  }

  private func footer(of report: AnswerReport) -> String {
    let timing = report.timing
    let fraction =
      timing.answerSeconds > 0 ? timing.attributionSeconds / timing.answerSeconds : 0
    let cost =
      report.contributors.isEmpty
      ? "" : "attribution took \(Figures.decimal(fraction, 2))x the answer's own time; "
    return "\(report.model), engine \(report.engine), \(report.mode) context; "
      + cost + "trace \(report.trace.prefix(12))"
  }

  // MARK: Numbers and bars

  private func bar(_ ppm: Int) -> String {
    let eighths = (max(0, ppm) * barWidth * 8 + 500_000) / 1_000_000
    let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    let filled = String(repeating: "█", count: eighths / 8) + partial
    return filled + String(repeating: "·", count: barWidth - filled.count)
  }

  private func percent(_ ppm: Int) -> String { Figures.right(Figures.percent(ppm), 7) }
  private func nats(_ micro: Int64) -> String { Figures.right(Figures.nats(micro), 9) }

  private func strong(_ text: String) -> String { colours ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  func dim(_ text: String) -> String { colours ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
}
