import Corpus
import Foundation
import Spans

/// The word indexes of installed shards, a file each, made when a shard is installed.
extension AgentSession {
  /// Makes the indexes that are missing, and removes those of shards that are gone.
  ///
  /// Returns the shards that cannot be read, and why.
  @discardableResult
  package func refreshSpans() throws -> [DamagedShard] {
    try DurableFile.createFolder(home.spans)
    let (shards, unreadable) = try shards().inventory()
    let kept = Set((shards.map(\.root) + unreadable.map { $0.root }).map(fileName))
    for name in try FileManager.default.contentsOfDirectory(atPath: home.spans)
    where name.hasSuffix(".spans") && !kept.contains(name) {
      unlink(home.spans + "/" + name)
    }
    var damaged = unreadable.map { DamagedShard(root: $0.root, reason: $0.reason) }
    for shard in shards where access(path(shard.root), F_OK) != 0 {
      do {
        try build(shard)
      } catch let shard as DamagedShard {
        damaged.append(shard)
      }
    }
    return damaged
  }

  /// Where the words of an answer stand in the installed shards, the rarest first.
  ///
  /// A damaged shard is left out and named.
  package func spans(of answer: String) throws -> (spans: [SpanReport], damaged: [DamagedShard]) {
    var damaged = try refreshSpans()
    var (installed, indexes): ([InstalledShard], [SpanIndex]) = ([], [])
    for shard in try shards().list() where !damaged.contains(where: { $0.root == shard.root }) {
      do {
        indexes.append(try index(shard))
        installed.append(shard)
      } catch let shard as DamagedShard {
        damaged.append(shard)
      }
    }
    var spans: [SpanReport] = []
    for span in SpanSearch(indexes).spans(of: answer) {
      var places: [SpanReport.Place] = []
      for place in span.places {
        do {
          if let place = try self.place(place, of: span, in: installed[place.index]) {
            places.append(place)
          }
        } catch let shard as DamagedShard {
          if !damaged.contains(where: { $0.root == shard.root }) { damaged.append(shard) }
        }
      }
      spans.append(
        SpanReport(
          text: span.text, words: span.words, occurrences: span.occurrences, places: places,
          rarity: span.rarity))
    }
    return (spans, damaged)
  }

  private func place(
    _ place: Span.Place, of span: Span, in shard: InstalledShard
  ) throws -> SpanReport.Place? {
    let document = shard.manifest.documents[place.document].path
    let bytes = try self.document(document, of: shard)
    guard let line = span.line(at: place, in: bytes) else { return nil }
    return SpanReport.Place(
      shard: shard.root.hex, contributor: shard.manifest.contributorName, document: document,
      line: line)
  }

  /// The index of a shard; a damaged one is made again.
  private func index(_ shard: InstalledShard) throws -> SpanIndex {
    if let index = try? SpanIndex(path: path(shard.root)),
      index.documentCount == shard.manifest.documents.count
    {
      return index
    }
    try build(shard)
    return try SpanIndex(path: path(shard.root))
  }

  private func build(_ shard: InstalledShard) throws {
    let documents = try shard.manifest.documents.map { try document($0.path, of: shard) }
    try SpanIndex.build(documents, to: path(shard.root))
  }

  private func document(_ path: String, of shard: InstalledShard) throws -> [UInt8] {
    let shards = try shards()
    do {
      return try shards.document(shard.root, path)
    } catch {
      throw DamagedShard(root: shard.root, reason: "\(error)")
    }
  }

  private func path(_ root: Digest) -> String { home.spans + "/" + fileName(root) }

  private func fileName(_ root: Digest) -> String { root.hex + ".spans" }
}

/// A shard whose words cannot be read, wholly or in part.
package struct DamagedShard: Error, Sendable, CustomStringConvertible {
  package let root: Digest
  package let reason: String

  package var description: String {
    "shard \(root.short) is damaged and left out: \(reason); install it again, or remove it: "
      + "tributary shard remove \(root.short)"
  }
}
