import AttributionMethods
import Corpus
import Foundation

/// How often texts that are not copies of each other are taken for near-duplicates.
struct FalseMergeReport {
  private struct Merges {
    let name: String
    let texts: Int
    /// Texts with the same words as an earlier one.
    var identical = 0
    /// Other texts that joined an earlier one's cluster, with that one.
    var near: [(text: String, owner: String)] = []
    /// All of them, as indices.
    var merged: Set<Int> = []
  }

  private var sets: [Merges] = []

  /// `rows`: a file of lines `{"sents": [...]}`.
  init(_ paragraphs: [PlantedParagraph], rows: String?) throws {
    add("paragraphs of the question set", paragraphs.map(\.sentences))
    guard let rows else { return }
    let data = try Data(contentsOf: URL(fileURLWithPath: rows))
    let passages = try data.split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(Row.self, from: Data($0)).sents
    }
    add("passages of \((rows as NSString).lastPathComponent)", passages)
  }

  private struct Row: Decodable {
    let sents: [String]
  }

  private mutating func add(_ name: String, _ documents: [[String]]) {
    let texts = documents.map { $0.joined(separator: " ") }
    sets.append(merges("\(name), whole", texts))
    let chunks = texts.enumerated().flatMap { document, text in
      let bytes = Array(text.utf8)
      return Chunker.chunks(of: bytes).map { chunk in
        Chunk(
          document: document,
          sentences: chunk.sentences.map { String(decoding: bytes[$0], as: UTF8.self) })
      }
    }
    let near = merges("\(name), as chunks", chunks.map(\.text))
    sets.append(near)
    sets.append(copies("\(name), chunks of copied sentences", chunks, known: near.merged))
  }

  private struct Chunk {
    let document: Int
    let sentences: [String]

    var text: String { sentences.joined(separator: " ") }
  }

  /// Chunks that are no near-duplicates but consist of an earlier text's sentences, each text being of
  /// a contributor of its own.
  private func copies(_ name: String, _ chunks: [Chunk], known: Set<Int>) -> Merges {
    var merges = Merges(name: name, texts: chunks.count)
    let owners = CopiedSentences.owners(
      of: chunks.enumerated().compactMap { index, chunk in
        Contributor(number: chunk.document, order: 0).key.map {
          CopiedSentences.Passage(
            id: Int64(index), document: Int64(chunk.document), contributor: $0,
            sentences: chunk.sentences)
        }
      })
    for (text, owner) in owners.sorted(by: { $0.key < $1.key }) where !known.contains(Int(text)) {
      merges.near.append((chunks[Int(text)].text, chunks[Int(owner)].text))
    }
    return merges
  }

  private func merges(_ name: String, _ texts: [String]) -> Merges {
    let normalized = texts.map { NormalizedText($0) }
    let shingles = normalized.map { Shingles($0) }
    let candidates = texts.indices.map {
      DuplicateCandidate(
        id: Int64($0), digest: normalized[$0].digest, signature: MinHash(shingles[$0]))
    }
    var merges = Merges(name: name, texts: texts.count)
    let owners = DuplicateClusters.owners(of: candidates) { shingles[Int($0)] }
    merges.merged = Set(owners.keys.map { Int($0) })
    for (text, owner) in owners.sorted(by: { $0.key < $1.key }) {
      if normalized[Int(text)] == normalized[Int(owner)] {
        merges.identical += 1
      } else {
        merges.near.append((texts[Int(text)], texts[Int(owner)]))
      }
    }
    return merges
  }

  /// Every merged pair, to be read.
  var pairs: String {
    sets.flatMap { set in
      set.near.map { "\(set.name)\n  \($0.text)\n  \($0.owner)\n" }
    }.joined(separator: "\n")
  }

  var markdown: String {
    let rows = sets.map { set in
      let pairs = Double(set.texts) * Double(set.texts - 1) / 2
      return "| \(set.name) | \(set.texts) | \(figure(pairs / 1e6, 3)) | \(set.identical) "
        + "| \(set.near.count) | \(figure(100 * Double(set.near.count) / Double(set.texts), 3)) |"
    }
    return """
      ## Near-duplicates among honest texts

      | | texts | pairs, millions | with the same words | others merged | in percent of the texts |
      | --- | --- | --- | --- | --- | --- |
      \(rows.joined(separator: "\n"))

      """
  }
}
