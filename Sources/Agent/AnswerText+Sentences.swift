extension AnswerText {
  /// The sentences of an answer's passages with what taking each of them out costs the answer.
  package func sentences(_ found: SentenceReport, of report: AnswerReport) -> String {
    var lines = ["Q: \(report.question)", "A: \(report.answer)", ""]
    if found.sentences.isEmpty {
      lines.append("No document has influence on this answer: there is nothing to take out.")
      return lines.joined(separator: "\n")
    }
    lines.append("One sentence taken out at a time, and what the answer lost (nats of log p):")
    let shown = found.shown
    for sentence in shown {
      let words = sentence.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      let value = Figures.right(Figures.nats(sentence.influenceMicroNats), 9)
      lines.append("\(value)  “\(words)”\(sentence.quoted ? "  (quoted)" : "")")
      lines.append(
        "           \(sentence.document):\(sentence.line)  \(dim(sentence.contributor))")
    }
    let silent = found.sentences.count - shown.count
    if silent > 0 {
      lines.append(dim("\(silent) more sentence\(silent == 1 ? "" : "s"): nothing lost"))
    }
    if !found.skipped.isEmpty {
      lines.append(
        dim("not looked into, for want of influence: \(found.skipped.joined(separator: ", "))"))
    }
    lines += [
      "",
      dim("Two sentences that say the same cost nothing one by one: see the documents' influence."),
    ]
    return lines.joined(separator: "\n")
  }
}
