import Foundation
import Mustache

/// Renders answers as one self-contained HTML page: no script, nothing loaded from elsewhere.
package enum AnswerPage {
  /// An answer with what became of its trace: `receipt` words its place in the ledger.
  package struct Entry: Sendable {
    package var report: AnswerReport
    package var receipt: String?
    /// What each sentence did, or why that could not be measured; nil where nobody asked.
    package var sentences: Result<SentenceReport, any Error>?

    package init(
      report: AnswerReport, receipt: String?, sentences: Result<SentenceReport, any Error>? = nil
    ) {
      self.report = report
      self.receipt = receipt
      self.sentences = sentences
    }
  }

  package static func html(_ entries: [Entry]) throws -> String {
    let text = String(decoding: PackageResources.page_mustache, as: UTF8.self)
    let template = try MustacheTemplate(string: text)
    return template.render(["answers": entries.map(view)])
  }

  private static func view(_ entry: Entry) -> [String: Any] {
    let report = entry.report
    let cost =
      report.timing.answerSeconds > 0
      ? report.timing.attributionSeconds / report.timing.answerSeconds : 0
    var view: [String: Any] = [
      "question": report.question, "answer": report.answer, "model": report.model,
      "engine": report.engine, "mode": report.mode, "removal": report.removal,
      "trace": report.trace,
      "cost": Figures.decimal(cost, 2), "ownKnowledge": Figures.percent(report.ownKnowledgePPM),
      "segments": segments(report), "contributors": contributors(report),
      "cited": report.citations.map { passage(entry, $0) },
      "hasOthers": report.passages.contains { $0.number == nil },
      "others": report.passages.filter { $0.number == nil }.map { passage(entry, $0) },
      "coalitions": report.coalitions.map { coalition(report, $0) },
      "barLabel": label(report),
    ]
    view["receipt"] = entry.receipt
    switch entry.sentences {
    case .success(let found): view["sentences"] = sentences(found, of: report)
    case .failure(let error): view["sentencesMissing"] = "\(error)"
    case nil: break
    }
    return view
  }

  private static func segments(_ report: AnswerReport) -> [[String: Any]] {
    let shares = report.contributorsByShare.map { index in
      segment(report.contributors[index].name, report.contributors[index].sharePPM, style(index))
    }
    return shares + [segment("model’s own knowledge", report.ownKnowledgePPM, "own")]
  }

  private static func segment(_ name: String, _ ppm: Int, _ style: String) -> [String: Any] {
    [
      "label": "\(name): \(Figures.percent(ppm))", "style": style,
      "width": Figures.decimal(Double(ppm) / 10_000, 2),
    ]
  }

  private static func contributors(_ report: AnswerReport) -> [[String: Any]] {
    report.contributorsByShare.map { index in
      let player = report.contributors[index]
      let documents = report.documents.filter { $0.contributor == index }
      return [
        "name": player.name, "style": style(index), "share": Figures.percent(player.sharePPM),
        "solo": signed(player.soloMicroNats), "leaveOneOut": signed(-player.leaveOneOutMicroNats),
        "documents": documents.map {
          ["document": $0.document, "lines": $0.lines, "share": Figures.percent($0.sharePPM)]
        },
        "adapters": (report.adapters ?? []).filter { $0.contributor == index }.map {
          ["adapter": $0.adapter, "share": Figures.percent($0.sharePPM)]
        },
      ]
    }
  }

  private static func passage(
    _ entry: Entry, _ passage: AnswerReport.Passage
  ) -> [String: Any] {
    let report = entry.report
    var view: [String: Any] = [
      "pieces": pieces(of: passage, in: entry), "document": passage.document,
      "lines": passage.lines,
      "name": report.contributors[passage.contributor].name,
    ]
    view["number"] = passage.number
    return view
  }

  private static func coalition(
    _ report: AnswerReport, _ coalition: AnswerReport.Coalition
  ) -> [String: Any] {
    let names = coalition.players.map { report.contributors[$0].name }
    return [
      "players": names.isEmpty ? "nobody (the model alone)" : names.joined(separator: " + "),
      "value": Figures.nats(coalition.logProbMicroNats),
    ]
  }

  private static func label(_ report: AnswerReport) -> String {
    let parts = report.contributorsByShare.map {
      "\(report.contributors[$0].name) \(Figures.percent(report.contributors[$0].sharePPM))"
    }
    return (parts + ["model’s own knowledge \(Figures.percent(report.ownKnowledgePPM))"])
      .joined(separator: ", ")
  }

  static func style(_ index: Int) -> String { "p\(index % 6)" }

  static func signed(_ micro: Int64) -> String {
    (micro > 0 ? "+" : "") + Figures.nats(micro) + " nats"
  }
}
