/// Where a chunk lies: bytes `[start, end)` of a document of a shard.
package struct ChunkReference: Hashable, Sendable, CustomStringConvertible {
  package let shard: Digest
  /// The document's path in the shard.
  package let document: String
  package let start: Int
  package let end: Int

  package init(shard: Digest, document: String, start: Int, end: Int) {
    self.shard = shard
    self.document = document
    self.start = start
    self.end = end
  }

  package var description: String { "\(shard.short)/\(document):\(start)..<\(end)" }
}

/// A passage of a document, the unit of retrieval and citation, with whom it is from.
package struct Chunk: Hashable, Sendable {
  package let reference: ChunkReference
  /// The bytes of the reference, as text.
  package let text: String
  /// The sentences, as byte ranges of the document.
  package let sentences: [Range<Int>]
  /// Line numbers of the first and the last byte in the document, from 1.
  package let lines: ClosedRange<Int>
  /// The titles of the sections that hold the chunk, outermost first.
  package let headings: [String]
  package let contributor: ContributorKey
  package let contributorName: String

  package init(
    reference: ChunkReference, text: String, sentences: [Range<Int>], lines: ClosedRange<Int>,
    headings: [String], contributor: ContributorKey, contributorName: String
  ) {
    self.reference = reference
    self.text = text
    self.sentences = sentences
    self.lines = lines
    self.headings = headings
    self.contributor = contributor
    self.contributorName = contributorName
  }

  /// The text of each sentence.
  package var sentenceTexts: [String] {
    let bytes = Array(text.utf8)
    return sentences.map { sentence in
      let start = sentence.lowerBound - reference.start
      let end = sentence.upperBound - reference.start
      guard start >= 0, start <= end, end <= bytes.count else { return "" }
      return String(decoding: bytes[start..<end], as: UTF8.self)
    }
  }
}
