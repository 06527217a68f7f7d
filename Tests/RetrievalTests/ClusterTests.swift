import Corpus
import Foundation
import TestSupport
import Testing

@testable import Retrieval

@Suite struct ClusterTests {
  private let folder: TemporaryFolder
  private let index: Index

  init() throws {
    folder = try TemporaryFolder()
    index = try Index(path: folder.index, embedder: WordEmbedder())
  }

  private func names(_ query: String) throws -> [String] {
    try index.search(query, limit: 8, perContributor: 8).map(\.chunk.contributorName)
  }

  private func document(_ numbers: some Sequence<Int>) -> String {
    numbers.map { paragraph($0) }.joined(separator: "\n\n")
  }

  @Test func `a copied document is found once, under the earliest shard`() throws {
    let original = shard("original", order: 1, ["a.md": lighthouse])
    let copy = shard("copy", order: 2, ["b.md": lighthouse.uppercased() + "\n"])
    try index.synchronize(with: [copy, original])
    #expect(try names("granite tower") == ["original"])
    let found = try index.search("granite tower", limit: 8, perContributor: 8)
    #expect(found[0].copies.map(\.shard) == [copy.root])
    #expect(try index.statistics().duplicates == 2)
  }

  @Test func `the next earliest takes over when the owner is removed, and gives back`() throws {
    let shards = [("first", 1), ("second", 2), ("third", 3)].map {
      shard($0, order: $1, ["\($0).md": lighthouse])
    }
    try index.synchronize(with: Array(shards[1...]))
    #expect(try names("granite tower") == ["second"])
    try index.synchronize(with: shards)
    #expect(try names("granite tower") == ["first"])
    try index.synchronize(with: [shards[2]])
    #expect(try names("granite tower") == ["third"])
  }

  @Test func `a copy whose chunks are cut elsewhere is still a copy, but new text in it is found`()
    throws
  {
    let sentences = (0..<24).map { number in
      (0..<12).map { "s\(number)w\($0)" }.joined(separator: " ").capitalized + "."
    }
    let text = sentences.joined(separator: " ")
    let original = shard("original", order: 1, ["a.md": text])
    let shifted = "Preface added here, quite short. \(text)\n\n# Own\n\n\(paragraph(7, words: 12))"
    let copy = shard("copy", order: 2, ["b.md": shifted])
    try index.synchronize(with: [original, copy])
    for number in 1..<23 {
      #expect(try Set(names("s\(number)w1 s\(number)w5")) == ["original"], "sentence \(number)")
    }
    #expect(try names("topic7word1") == ["copy"])
  }

  @Test func `cloning a shard many times does not crowd out others`() throws {
    let original = shard("original", by: 1, order: 1, ["a.md": "Granite. \(paragraph(1))"])
    let other = shard("other", by: 2, order: 2, ["o.md": "Granite too. \(paragraph(2, words: 60))"])
    let clones = (0..<20).map { number in
      shard(
        "clone\(number)", by: UInt8(10 + number), order: 3 + number,
        ["c.md": "Granite! \(paragraph(1)) x\(number)"])
    }
    try index.synchronize(with: [original, other] + clones)
    #expect(try names("granite").sorted() == ["original", "other"])
  }

  @Test func `copies inside one document and one shard count once too`() throws {
    let text = "\(paragraph(1))\n\n# Again\n\n\(paragraph(1))\n\n# Other\n\n\(paragraph(2))"
    try index.synchronize(with: [shard("a", ["a.md": text, "b.md": paragraph(2)])])
    #expect(try index.search("topic1word1", limit: 8, perContributor: 8).count == 1)
    #expect(try index.search("topic2word1", limit: 8, perContributor: 8).count == 1)
  }

  @Test func `sentences of another's document in another order, or alone, are copies`() throws {
    let sentences = (0..<4).map { paragraph($0, words: 12).capitalized }
    let original = shard("original", order: 1, ["a.md": sentences.joined(separator: " ")])
    let excerpt = shard("excerpt", order: 2, ["b.md": sentences[2]])
    let backwards = sentences.reversed().joined(separator: " ")
    let reversed = shard("reversed", order: 3, ["c.md": backwards])
    let own = paragraph(9, words: 20).capitalized
    let quoting = shard("quoting", order: 4, ["d.md": "\(sentences[2]) \(own)"])
    try index.synchronize(with: [reversed, quoting, excerpt, original])
    #expect(try names("topic2word1 topic2word5").sorted() == ["original", "quoting"])
    #expect(try names("topic3word1 topic3word5") == ["original"])
    #expect(try names("topic9word1") == ["quoting"])
    try index.synchronize(with: [reversed, quoting, excerpt])
    #expect(try Set(names("topic2word1 topic2word5")) == ["excerpt", "quoting", "reversed"])
  }

  @Test func `an index of before copied sentences were looked for finds them`() throws {
    let sentences = (0..<4).map { paragraph($0, words: 12).capitalized }
    try index.synchronize(with: [
      shard("original", order: 1, ["a.md": sentences.joined(separator: " ")]),
      shard("excerpt", order: 2, ["b.md": sentences[2]]),
    ])
    try index.database.write { database in
      try database.execute(
        sql: """
          UPDATE chunk SET duplicateOf = NULL;
          DELETE FROM grdb_migrations WHERE identifier = '3';
          """)
    }
    try index.database.close()
    let again = try Index(path: folder.index, embedder: WordEmbedder())
    try again.synchronize(with: [
      shard("original", order: 1, ["a.md": sentences.joined(separator: " ")]),
      shard("excerpt", order: 2, ["b.md": sentences[2]]),
    ])
    #expect(try again.statistics().duplicates == 1)
  }

  @Test func `sentences with other words between, or with other words in them, are copies`() throws
  {
    let sentences = (0..<4).map { paragraph($0, words: 15).capitalized }
    let original = shard("original", order: 1, ["a.md": sentences.joined(separator: " ")])
    let changed = sentences.map { sentence in
      sentence.split(separator: " ").enumerated().map { index, word in
        index % 5 == 3 ? "indeed" : String(word)
      }.joined(separator: " ")
    }
    let fillers = shard("fillers", order: 2, ["b.md": changed.reversed().joined(separator: " ")])
    try index.synchronize(with: [fillers, original])
    #expect(try names("topic2word1 topic2word5") == ["original"])
    let found = try index.search("topic2word1 topic2word5", limit: 8, perContributor: 8)
    #expect(found[0].copies.map(\.shard) == [fillers.root])
  }

  @Test func `precedence is the order of registration, not of rank`() throws {
    let early = shard("early", order: 1, ["a.md": "Granite. \(paragraph(1, words: 60))"])
    let late = shard("late", order: 2, ["b.md": "Granite. Granite! \(paragraph(2, words: 9))"])
    try index.synchronize(with: [late, early])
    let found = try index.search("granite", limit: 8, perContributor: 8)
    #expect(found.map(\.chunk.contributorName) == ["late", "early"])
    #expect(found.last?.precedence == 0 && (found.first?.precedence ?? 0) > 0)
  }

  @Test func `documents that share a theme stay apart`() throws {
    try index.synchronize(with: [
      shard("a", ["a.md": document(1...4)]), shard("b", ["b.md": document(3...9)]),
    ])
    #expect(try names("topic1word1") == ["a"])
    #expect(try names("topic9word1") == ["b"])
    #expect(try names("topic3word1").count == 1)
  }
}
