/// What single sentences did, on the page.
extension AnswerPage {
  /// A passage's text in pieces: sentences that were taken out, as strong in colour as what the answer lost,
  /// and what lies between them.
  static func pieces(of passage: AnswerReport.Passage, in entry: Entry) -> [[String: Any]] {
    let text = passage.text
    guard case .success(let found) = entry.sentences,
      let index = entry.report.passages.firstIndex(of: passage)
    else { return [["text": text]] }
    let strongest = strongest(found)
    var pieces: [[String: Any]] = []
    var end = text.startIndex
    let places = found.sentences.filter { $0.passage == index }
      .compactMap { sentence in text.firstRange(of: sentence.text).map { (sentence, $0) } }
      .sorted { $0.1.lowerBound < $1.1.lowerBound }
    for (sentence, range) in places where range.lowerBound >= end {
      if end < range.lowerBound { pieces.append(["text": String(text[end..<range.lowerBound])]) }
      pieces.append([
        "text": sentence.text,
        "mark": [
          "tone": "t" + tone(sentence, style(passage.contributor)), "title": title(sentence),
          "strength": percent(sentence, of: strongest, 0.6),
        ],
      ])
      end = range.upperBound
    }
    if end < text.endIndex { pieces.append(["text": String(text[end...])]) }
    return pieces
  }

  /// The table of sentences that changed the answer, and how many did not.
  static func sentences(_ found: SentenceReport, of report: AnswerReport) -> [String: Any] {
    let strongest = strongest(found)
    let shown = found.shown
    var view: [String: Any] = [
      "hasRows": !shown.isEmpty,
      "rows": shown.map { sentence in
        let contributor = report.passages[sentence.passage].contributor
        return [
          "text": sentence.text, "quoted": sentence.quoted, "document": sentence.document,
          "line": "\(sentence.line)", "name": sentence.contributor,
          "value": signed(-sentence.influenceMicroNats),
          "tone": tone(sentence, style(contributor)), "width": percent(sentence, of: strongest, 1),
        ] as [String: Any]
      },
    ]
    let silent = found.sentences.count - shown.count
    if silent > 0 { view["silent"] = "\(silent) more sentence\(silent == 1 ? "" : "s")" }
    if !found.skipped.isEmpty { view["skipped"] = found.skipped.joined(separator: ", ") }
    return view
  }

  private static func strongest(_ found: SentenceReport) -> UInt64 {
    max(1, found.sentences.map(\.influenceMicroNats.magnitude).max() ?? 1)
  }

  /// A sentence whose absence helps the answer has nobody's colour.
  private static func tone(_ sentence: SentenceReport.Sentence, _ style: String) -> String {
    sentence.influenceMicroNats < 0 ? "own" : style
  }

  private static func title(_ sentence: SentenceReport.Sentence) -> String {
    "without this sentence the answer’s log-probability changes by "
      + signed(-sentence.influenceMicroNats)
  }

  private static func percent(
    _ sentence: SentenceReport.Sentence, of strongest: UInt64, _ most: Double
  ) -> String {
    let part = Double(sentence.influenceMicroNats.magnitude) / Double(strongest)
    return Figures.decimal(100 * most * part, 1)
  }
}
