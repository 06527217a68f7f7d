import Answering
import Attribution
import AttributionMethods
import Corpus
import Foundation
import Retrieval

/// Asks over an index as the product does: near-duplicates count for the earliest shard, each key has
/// two of six places, contributors are the players.
final class GamingLab {
  private static let passages = 6
  private static let passagesPerContributor = 2

  let bench: Bench
  private let folder: String
  private let index: Index

  init(_ bench: Bench) throws {
    self.bench = bench
    folder = NSTemporaryDirectory() + "attribution-bench-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    index = try Index(
      path: folder + "/catalog.sqlite", embedder: FileEmbedder(bench.engine.embedder))
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// One answer and who is paid for it.
  struct Outcome {
    let answer: Answer
    /// Parts per million of the answer, by contributor.
    let shares: [ContributorKey: Int]
    let contributors: [ContributorKey]
    /// Whom the first quotation is of.
    let quoted: ContributorKey?
    /// Values of coalitions of whole contributors, by their keys.
    let values: [Set<ContributorKey>: MicroNats]

    /// Everybody else's passages that were read, with the first label of each.
    func slots(without keys: Set<ContributorKey>) -> [String: Label] {
      var slots: [String: Label] = [:]
      for term in answer.reading?.terms ?? [] {
        let source = answer.sources[term.source]
        guard !keys.contains(contributors[source.player]) else { continue }
        slots[source.reference] = min(slots[source.reference] ?? term.label, term.label)
      }
      return slots
    }

    func share(of keys: Set<ContributorKey>) -> Double {
      shares.reduce(0) { $0 + (keys.contains($1.key) ? Double($1.value) / 1e6 : 0) }
    }
  }

  func ask(_ question: String, of shards: [IndexedShard]) throws -> Outcome {
    try index.synchronize(with: shards)
    let asked = AskedQuestion(question)
    let found = try index.search(
      question, limit: Self.passages, perContributor: Self.passagesPerContributor,
      excluding: { Source.onlyRepeat(asked, $0.sentenceTexts) })
    let chunks = found.map(\.chunk)
    let contributors = Set(chunks.map(\.contributor)).sorted()
    let answerer = bench.engine.answerer
    let sources = answerer.withoutQuotations(
      sources(of: chunks, contributors: contributors), precedence: found.map(\.precedence))
    let answer = try answerer.answer(question, sources: sources)
    let report = try answerer.attribute(answer, seed: bench.seed)
    var values: [Set<ContributorKey>: MicroNats] = [:]
    for row in report.contributorCoalitions {
      values[Set((row.players ?? []).map { contributors[$0] })] = row.value
    }
    return Outcome(
      answer: answer,
      shares: Dictionary(
        uniqueKeysWithValues: report.contributors.map { (contributors[$0.player], $0.sharePPM) }),
      contributors: contributors,
      quoted: answer.citations.first.map { contributors[answer.sources[$0.source].player] },
      values: values)
  }

  private func sources(of chunks: [Chunk], contributors: [ContributorKey]) -> [Source] {
    let documents = Set(chunks.map { Self.document($0) }).sorted()
    return chunks.map { chunk in
      Source(
        reference: "\(Self.document(chunk)):\(chunk.reference.start)", text: chunk.text,
        sentences: chunk.sentenceTexts,
        player: contributors.firstIndex(of: chunk.contributor) ?? 0,
        document: documents.firstIndex(of: Self.document(chunk)) ?? 0)
    }
  }

  /// Sorts by contributor, shard and path.
  private static func document(_ chunk: Chunk) -> String {
    "\(chunk.contributor.hex)/\(chunk.reference.shard.hex)/\(chunk.reference.document)"
  }
}
