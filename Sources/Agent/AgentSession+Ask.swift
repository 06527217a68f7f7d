import Answering
import Attribution
import Corpus
import Inference
import LedgerSync
import Retrieval
import Trace

extension AgentSession {
  /// Brings the index up to date with the installed shards; `progress` words what takes time.
  package func refreshIndex(_ progress: @escaping (String) -> Void) throws {
    var announced = false
    let report = try index().synchronize(with: shards()) { step in
      if !announced { progress("indexing \(step.documents) new or changed documents") }
      announced = true
    }
    if report.embeddedTexts > 0 { progress("indexed, \(report.embeddedTexts) passages embedded") }
  }

  /// Answers, measures who caused the answer, and keeps the signed trace.
  ///
  /// The trace is durable when this returns. Throws `AgentError` of kind `interrupted` when
  /// `isCancelled` turns true; nothing is kept then.
  package func ask(
    _ question: String, onText: @escaping (String) -> Void = { _ in },
    isCancelled: @escaping () -> Bool = { false }
  ) throws -> AnswerReport {
    let loaded = try answerer()
    let asked = AskedQuestion(question)
    let found = try index().search(
      question, limit: settings.passages, perContributor: settings.passagesPerContributor,
      excluding: { Source.onlyRepeat(asked, $0.sentenceTexts) })
    let chunks = found.map(\.chunk)
    let adapters = settings.adapters ? try loaded.adapters(for: chunks, in: shards()) : []
    var roster = Roster(chunks, adapters: adapters)
    roster.sources = loaded.answerer.withoutQuotations(
      roster.sources, precedence: found.map(\.precedence))
    do {
      let answer = try loaded.answer(
        question, roster: roster,
        progress: AnswerProgress(onText: onText, isCancelled: isCancelled))
      let secret = TraceSecret()
      let attribution = try loaded.answerer.attribute(answer, seed: secret.id.seed)
      let record = TraceAssembly(loaded: loaded, roster: roster, sampling: sampling)
        .record(answer, attribution, secret: secret)
      let sealed = try TraceCodec.seal(record, identity: agentIdentity())
      try store().append(sealed)
      var report = try report(on: record)
      report.shortAnswer = answer.shortAnswer
      // What only quotes others was left out for that, not for want of room.
      report.dropped = answer.dropped.filter { !roster.sources[$0].isUnread }.map { index in
        let chunk = found[index].chunk
        return "\(chunk.reference.document):\(chunk.lines.lowerBound)-\(chunk.lines.upperBound)"
      }
      return report
    } catch is CancellationError {
      throw AgentError(.interrupted, "the answer was stopped; nothing was kept of it")
    }
  }

  /// The report of a stored trace: the one whose id starts with `prefix`, or the latest with sources.
  package func report(matching prefix: String?) throws -> AnswerReport {
    try report(on: record(matching: prefix))
  }

  func report(on record: TraceRecord) throws -> AnswerReport {
    let shards = try shards()
    return try AnswerReport(record) { chunk in
      (try? shards.document(chunk.shard, chunk.document)).flatMap { DocumentExcerpt($0, chunk) }
    }
  }
}
