import Attribution
import Corpus
import Foundation
import Trace

/// A passage's text and lines, read again from its document.
package struct DocumentExcerpt: Equatable, Sendable {
  package let text: String
  /// First and last line, from 1.
  package let lines: ClosedRange<Int>

  /// Nil where the document no longer has what the chunk's hash names.
  package init?(_ document: [UInt8], _ chunk: TraceChunk) {
    guard chunk.start >= 0, chunk.start < chunk.end, chunk.end <= document.count else {
      return nil
    }
    let bytes = Array(document[chunk.start..<chunk.end])
    guard Digest(sha256: bytes) == chunk.sha256 else { return nil }
    text = String(decoding: bytes, as: UTF8.self)
    let newline = UInt8(ascii: "\n")
    let first = 1 + document[..<chunk.start].count { $0 == newline }
    lines = first...(first + bytes.dropLast().count { $0 == newline })
  }
}

extension AnswerReport {
  /// Rebuilds the report of a trace; every value is derived again from its coalition table.
  ///
  /// `excerpt` reads a chunk's text from the installed shards; nil where the shard is gone.
  package init(_ record: TraceRecord, excerpt: (TraceChunk) -> DocumentExcerpt?) throws {
    let influence = try record.influence()
    let excerpts = record.chunks.map(excerpt)
    question = record.question
    answer = record.answer
    model = record.modelName
    engine = record.engineVersion
    mode = record.mode.rawValue
    trace = record.id.hex
    ownKnowledgePPM = record.ownKnowledgePPM
    contributors = zip(record.players, influence.contributors).map(Self.contributor)
    documents = record.documentShares.map { Self.document($0, record, excerpts) }
    adapters = try Self.adapters(record, influence)
    coalitions = record.contributorCoalitions()
    passages = Self.passages(record, excerpts)
    dropped = []
    timing = Timing(
      promptTokens: record.timing.promptTokens, answerTokens: record.answerTokens.count,
      answerSeconds: Double(record.timing.answerMicroseconds) / 1e6,
      attributionSeconds: Double(record.timing.attributionMicroseconds) / 1e6)
  }

  /// The report as one JSON object with sorted keys.
  package func json() throws -> String { try JSONText.of(self) }

  private static func contributor(
    _ player: TracePlayer, _ influence: Influence.Contributor
  ) -> Contributor {
    Contributor(
      key: player.contributor.hex, name: player.name, sharePPM: player.sharePPM,
      standardErrorPPM: player.standardErrorPPM, shapleyMicroNats: influence.shapley,
      leaveOneOutMicroNats: influence.leaveOneOut, banzhafMicroNats: influence.banzhaf,
      soloMicroNats: influence.solo)
  }

  private static func document(
    _ share: TraceDocumentShare, _ record: TraceRecord, _ excerpts: [DocumentExcerpt?]
  ) -> Document {
    let first = record.chunks[share.chunk]
    let own = record.chunks.indices.filter {
      record.chunks[$0].shard == first.shard && record.chunks[$0].document == first.document
    }
    let lines = own.compactMap { excerpts[$0]?.lines }
    return Document(
      shard: first.shard.hex, document: first.document,
      start: own.map { record.chunks[$0].start }.min() ?? 0,
      end: own.map { record.chunks[$0].end }.max() ?? 0,
      lines: words(lines.map(\.lowerBound).min(), lines.map(\.upperBound).max()),
      sharePPM: share.sharePPM, contributor: first.player)
  }

  private static func adapters(
    _ record: TraceRecord, _ influence: Influence
  ) throws -> [Adapter]? {
    guard !record.adapters.isEmpty else { return nil }
    let everyone = record.partition.everyDocument
    let values = try record.coalitionValues()
    return try record.adapters.enumerated().map { index, adapter in
      let member = record.documentShares.count + index
      let without = try? values.value(of: everyone.removing(member))
      return Adapter(
        shard: adapter.shard.hex, adapter: adapter.name, sha256: adapter.sha256.hex,
        sharePPM: adapter.sharePPM, owenMicroNats: influence.documents[member].owen,
        leaveOneOutMicroNats: try without.map { try values.value(of: everyone) - $0 },
        contributor: adapter.player)
    }
  }

  private static func passages(
    _ record: TraceRecord, _ excerpts: [DocumentExcerpt?]
  ) -> [Passage] {
    var cited: [Int] = []
    for citation in record.citations where !cited.contains(citation.chunk) {
      cited.append(citation.chunk)
    }
    return record.chunks.indices.map { index in
      let chunk = record.chunks[index]
      let lines = excerpts[index]?.lines
      return Passage(
        number: cited.firstIndex(of: index).map { $0 + 1 }, shard: chunk.shard.hex,
        document: chunk.document, start: chunk.start, end: chunk.end,
        lines: words(lines?.lowerBound, lines?.upperBound),
        text: excerpts[index]?.text ?? "(the shard is no longer installed)",
        contributor: chunk.player)
    }
  }

  private static func words(_ first: Int?, _ last: Int?) -> String {
    guard let first, let last else { return "?" }
    return first == last ? "\(first)" : "\(first)-\(last)"
  }
}

extension TraceRecord {
  /// The player of each document and adapter, in the order of the coalitions' bits.
  var memberPlayers: [Int] {
    documentShares.map { chunks[$0.chunk].player } + adapters.map(\.player)
  }

  var partition: Partition { Partition(contributorOfDocument: memberPlayers) }

  /// The plan that the trace was made with: it follows from the coalitions that were scored.
  func plan() throws -> AttributionPlan {
    let members = memberPlayers
    guard members.count <= Coalition.capacity, Set(members).count == (members.max() ?? -1) + 1
    else {
      throw TraceError(
        "document shares",
        found: "\(members.count) documents and adapters of \(Set(members).count) players",
        expected: "at most \(Coalition.capacity), some of every player")
    }
    return AttributionPlan(
      partition: partition, seed: id.seed, scored: try coalitionValues(),
      isExact: players.allSatisfy { $0.standardErrorPPM == nil })
  }

  /// Every value of the answer, from the coalition table alone.
  func influence() throws -> Influence {
    try plan().influence(from: coalitionValues())
  }

  func coalitionValues() throws -> CoalitionValues {
    try CoalitionValues(
      coalitions.map { Coalition(bits: $0.documents) }, coalitions.map(\.microNats))
  }

  /// The rows of the table that consist of whole contributors, the smallest first.
  func contributorCoalitions() -> [AnswerReport.Coalition] {
    let partition = partition
    return coalitions.compactMap { row in
      partition.contributors(in: Coalition(bits: row.documents)).map {
        AnswerReport.Coalition(players: $0, logProbMicroNats: row.microNats)
      }
    }.sorted { ($0.players.count, $0.players) < ($1.players.count, $1.players) }
  }
}

private func < (left: (Int, [Int]), right: (Int, [Int])) -> Bool {
  left.0 == right.0 ? left.1.lexicographicallyPrecedes(right.1) : left.0 < right.0
}
