import Answering
import Trace

/// The influence of single sentences, measured when somebody asks for it.
extension AgentSession {
  /// Takes each sentence of the documents that matter out of the passages of a stored trace's answer.
  ///
  /// Traces do not hold these values: the answer is computed again, and must come out as it was.
  /// `prefix`: the beginning of the trace's id, or nil for the latest with sources.
  package func sentences(matching prefix: String?) throws -> SentenceReport {
    let record = try record(matching: prefix)
    switch try computeAgain(record) {
    case .different(let causes): throw Self.changed(record, causes)
    case .computed(let answerer, let answer, let attribution, let replayed):
      let differences = record.differences(in: replayed).map(\.description)
      guard differences.isEmpty else { throw Self.changed(record, differences) }
      let found = try answerer.sentenceInfluence(of: answer, influence: attribution.influence)
      return SentenceReport(
        trace: record.id.hex,
        sentences: found.ranked.map { row($0, of: answer, in: record) },
        skipped: attribution.documents.indices.filter { !found.documents.contains($0) }.map {
          document(attribution.documents[$0].document, of: answer, in: record)
        })
    }
  }

  private static func changed(_ record: TraceRecord, _ causes: [String]) -> AgentError {
    AgentError(
      .badData,
      "trace \(record.id.short) cannot be computed again, so its sentences cannot be taken out: "
        + causes.joined(separator: "; "))
  }

  private func row(
    _ sentence: SentenceInfluence.Sentence, of answer: Answer, in record: TraceRecord
  ) -> SentenceReport.Sentence {
    let place = sentence.place
    let source = answer.sources[place.source]
    let chunk = record.chunks[place.source]
    let text = source.sentences[place.sentence]
    return SentenceReport.Sentence(
      text: text, influenceMicroNats: sentence.value,
      quoted: answer.citations.contains {
        $0.source == place.source && $0.sentence == place.sentence
      },
      passage: place.source, shard: chunk.shard.hex, contributor: record.players[chunk.player].name,
      document: chunk.document, line: line(of: place, in: source, chunk))
  }

  /// Where the sentence begins in its document, counted from 1.
  private func line(of place: SentencePlace, in source: Source, _ chunk: TraceChunk) -> Int {
    var end = source.text.startIndex
    var start = end
    for text in source.sentences[...place.sentence] {
      guard let range = source.text[end...].firstRange(of: text) else { break }
      (start, end) = (range.lowerBound, range.upperBound)
    }
    let before = source.text[..<start].count { $0.isNewline }
    let document = try? shards().document(chunk.shard, chunk.document)
    let above = document.map { $0.prefix(Int(chunk.start)).count { $0 == UInt8(ascii: "\n") } }
    return 1 + (above ?? 0) + before
  }

  private func document(_ number: Int, of answer: Answer, in record: TraceRecord) -> String {
    let source = answer.sources.firstIndex { $0.document == number }
    return source.map { record.chunks[$0].document } ?? ""
  }
}
