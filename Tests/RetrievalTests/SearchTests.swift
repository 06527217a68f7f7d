import Corpus
import Foundation
import TestSupport
import Testing

@testable import Retrieval

@Suite struct SearchTests {
  private let folder: TemporaryFolder
  private let index: Index

  init() throws {
    folder = try TemporaryFolder()
    index = try Index(path: folder.index, embedder: WordEmbedder())
  }

  private func paths(_ query: String, limit: Int = 8, perContributor: Int = 8) throws -> [String] {
    try index.search(query, limit: limit, perContributor: perContributor)
      .map(\.chunk.reference.document)
  }

  @Test func `a chunk comes with its bytes, lines, sentences, headings and ranks`() throws {
    let shard = shard("coast", ["light/house.md": lighthouse, "bakery.md": bakery])
    try index.synchronize(with: [shard])
    let found = try index.search("Who was the last keeper?", limit: 1, perContributor: 1)
    let first = try #require(found.first)
    #expect(first.chunk.reference.document == "light/house.md")
    #expect(first.chunk.reference.shard == shard.root)
    let bytes = Array(lighthouse.utf8)
    let range = first.chunk.reference.start..<first.chunk.reference.end
    #expect(first.chunk.text == String(decoding: bytes[range], as: UTF8.self))
    #expect(first.chunk.text.hasPrefix("## Keeper"))
    #expect(first.chunk.sentenceTexts.first == "The last keeper left in 1962.")
    #expect(first.chunk.lines == 5...7)
    #expect(first.chunk.headings == ["Lighthouse", "Keeper"])
    #expect(first.chunk.contributorName == "coast")
    #expect(first.lexicalRank == 1)
    #expect(first.lexicalScore ?? 0 > 0)
    #expect(first.semanticRank == 1)
    #expect(first.score == 2.0 / 61)
    #expect((0.1...1.01).contains(first.cosine))
  }

  @Test(arguments: [
    ("built", "house.md"), ("STANDING granites", "house.md"), ("elise kœnig", "house.md"),
    ("caraway seed", "bakery.md"), ("house.md", "house.md"), ("何米の塔", "tower.md"),
  ])
  func `words are found in other forms, without diacritics and in other scripts`(
    query: String, document: String
  ) throws {
    try index.synchronize(with: [
      shard("a", ["house.md": lighthouse, "bakery.md": bakery, "tower.md": "塔高41米。"])
    ])
    var options = RetrievalOptions()
    options.method = .lexical
    options.evidenceFloor = -1
    let found = try index.search(query, options: options)
    #expect(found.first?.chunk.reference.document == document)
  }

  @Test func `an empty index and a question about something else find nothing`() throws {
    #expect(try paths("lighthouse") == [])
    try index.synchronize(with: [shard("a", ["bakery.md": bakery])])
    #expect(try paths("zebra quagga okapi") == [])
    #expect(try paths("") == [])
    #expect(try paths("?!") == [])
    #expect(try paths("bread", limit: 0) == [])
    #expect(try paths("bread", perContributor: 0) == [])
  }

  @Test func `one ordinary word in common is no evidence`() throws {
    try index.synchronize(with: [shard("a", ["bakery.md": bakery])])
    #expect(try paths("Which zebra was photographed every Thursday in Botswana?") == [])
    #expect(try paths("When does the bakery open?") == ["bakery.md"])
  }

  @Test func `function words alone are no evidence`() throws {
    try index.synchronize(with: [shard("a", ["bakery.md": bakery])])
    var options = RetrievalOptions()
    options.method = .lexical
    options.evidenceFloor = -1
    #expect(try index.search("what is it that the and with every", options: options).count == 1)
    #expect(try index.search("what is it that the and with", options: options).isEmpty)
  }

  @Test(arguments: [
    "\"", "\"\"\"", "bread\" OR \"", "bread AND", "NEAR(bread rye, 2)", "text:bread", "bread*",
    "^bread",
    "-bread", "(bread", "bread)", "{bread}", "'; DROP TABLE chunk; --", "bread\0rye", "\u{FFFD}",
    "bread OR NOT rye", "chunkText MATCH bread", "%bread%", "👩‍👩‍👧", "\u{202E}bread",
  ])
  func `any text is a safe question`(query: String) throws {
    try index.synchronize(with: [shard("a", ["bakery.md": bakery])])
    var options = RetrievalOptions()
    options.evidenceFloor = -1
    options.method = .lexical
    let found = try index.search(query, options: options).map(\.chunk.reference.document)
    #expect(found == (query.contains("bread") ? ["bakery.md"] : []))
    #expect(try index.statistics().chunks == 1)
  }

  @Test func `a question of a megabyte takes bounded time`() throws {
    try index.synchronize(with: [shard("a", ["bakery.md": bakery])])
    let query = (0..<150_000).map { "word\($0)" }.joined(separator: " ")
    #expect(ContinuousClock().measure { _ = try? paths(query) } < .seconds(5))
  }

  @Test func `no contributor takes more places than allowed`() throws {
    let many = shard(
      "many",
      Dictionary(uniqueKeysWithValues: (0..<20).map { ("d\($0).md", "Granite \(paragraph($0))") }))
    let one = shard("one", ["x.md": "Some granite. \(paragraph(99, words: 60))"])
    try index.synchronize(with: [many, one])
    let found = try index.search("granite", limit: 6, perContributor: 3)
    #expect(found.count == 4)
    #expect(found.count { $0.chunk.contributorName == "many" } == 3)
    #expect(found.count { $0.chunk.contributorName == "one" } == 1)
    #expect(try paths("granite", limit: 6, perContributor: 20).count == 6)
  }

  @Test func `an excluded chunk takes nobody's place`() throws {
    let echoes = shard(
      "echoes",
      Dictionary(uniqueKeysWithValues: (0..<3).map { ("d\($0).md", "Granite? \(paragraph($0))") }))
    let one = shard("one", ["x.md": "Some granite. \(paragraph(99, words: 60))"])
    try index.synchronize(with: [echoes, one])
    let first = try index.search("granite", limit: 1, perContributor: 2)
    #expect(first.map(\.chunk.contributorName) == ["echoes"])
    let found = try index.search("granite", limit: 2, perContributor: 1) { chunk in
      chunk.text.contains("Granite?") && !chunk.text.contains("topic2word")
    }
    #expect(found.map(\.chunk.contributorName).sorted() == ["echoes", "one"])
    #expect(found.contains { $0.chunk.text.contains("topic2word") })
  }

  @Test func `ties go to the earlier shard and the order is the same in every index`() throws {
    let texts = ["b.md": "Granite alpha. \(paragraph(1))", "a.md": "Granite beta. \(paragraph(2))"]
    let late = shard("late", order: 9, texts.mapValues { $0.replacing("topic", with: "late") })
    let early = shard("early", order: 1, texts)
    try index.synchronize(with: [late, early])
    let expected = ["early a.md", "early b.md", "late a.md", "late b.md"]
    func order(_ index: Index) throws -> [String] {
      try index.search("granite", limit: 8, perContributor: 8).map {
        "\($0.chunk.contributorName) \($0.chunk.reference.document)"
      }
    }
    #expect(try order(index) == expected)
    let other = try Index(path: folder.path + "/other.sqlite", embedder: WordEmbedder())
    try other.synchronize(with: [early])
    try other.synchronize(with: [late, early])
    #expect(try order(other) == expected)
  }

  @Test func `a search sees what another connection wrote`() throws {
    #expect(try paths("bread") == [])
    let writer = try Index(path: folder.index, embedder: WordEmbedder())
    try writer.synchronize(with: [shard("a", ["bakery.md": bakery])])
    #expect(try paths("bread") == ["bakery.md"])
    try writer.synchronize(with: [])
    #expect(try paths("bread") == [])
  }

  @Test func `searches run at the same time as a synchronisation`() async throws {
    let path = folder.index
    let shards = [
      shard("a", Dictionary(uniqueKeysWithValues: (0..<200).map { ("d\($0).md", paragraph($0)) }))
    ]
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        _ = try Index(path: path, embedder: WordEmbedder()).synchronize(with: shards)
      }
      for number in 0..<40 {
        group.addTask { [index] in
          let found = try index.search("topic\(number)word1", limit: 3, perContributor: 3)
          #expect(found.allSatisfy { $0.chunk.text.contains("topic") })
        }
      }
      try await group.waitForAll()
    }
    #expect(try paths("topic150word1").first == "d150.md")
  }
}
