import Corpus
import Foundation
import TestSupport
import Testing

@testable import Spans

@Suite struct SpanSearchTests {
  private let temporary: TemporaryFolder
  private var folder: String { temporary.path }

  init() throws { temporary = try TemporaryFolder() }

  private func index(_ documents: [String], name: String = "a") throws -> SpanIndex {
    let path = "\(folder)/\(name).spans"
    try SpanIndex.build(documents.map { Array($0.utf8) }, to: path)
    return try SpanIndex(path: path)
  }

  @Test func `the longest stretch is found, whatever its case, spaces and punctuation`() throws {
    let index = try index([
      "The lighthouse was built in 1887.\nIt is 41 metres tall.", "",
      "The harbour was built later.",
    ])
    let spans = SpanSearch([index]).spans(
      of: "As we know, it  IS 41 metres\ntall; the lighthouse was built in stone.")
    #expect(spans.map(\.text) == ["it  IS 41 metres\ntall;", "the lighthouse was built in"])
    #expect(spans.map(\.words) == [5, 5])
    #expect(spans.map(\.occurrences) == [1, 1])
    #expect(spans[0].places.map(\.document) == [0])
    let document = Array("The lighthouse was built in 1887.\nIt is 41 metres tall.".utf8)
    #expect(spans[0].line(at: spans[0].places[0], in: document) == 2)
    #expect(spans[1].line(at: spans[1].places[0], in: document) == 1)
    #expect(spans[0].line(at: spans[0].places[0], in: Array("Another text.".utf8)) == nil)
  }

  @Test func `a word is whole or not there`() throws {
    let index = try index(["north pier of the harbourmaster", "pier of the harbour"])
    let spans = SpanSearch([index]).spans(of: "the north pier of the harbour wall")
    #expect(spans.map(\.text) == ["north pier of the", "pier of the harbour"])
    #expect(spans.allSatisfy { $0.occurrences == 1 })
  }

  @Test func `a stretch does not run over from one document into the next`() throws {
    let index = try index(["one two three", "four five six"])
    #expect(
      SpanSearch([index]).spans(of: "one two three four five six").map(\.text)
        == ["one two three", "four five six"])
  }

  @Test func `rare words come before frequent ones`() throws {
    let filler = Array(repeating: "on the whole it was", count: 50).joined(separator: " ")
    let index = try index([filler + " fine", "quartz zephyr lantern"])
    let spans = SpanSearch([index]).spans(of: "it was on the whole it was a quartz zephyr lantern")
    #expect(spans.first?.text == "quartz zephyr lantern")
    #expect(spans.count == 2)
    #expect(spans[0].rarity > spans[1].rarity)
  }

  @Test func `other scripts are words of their own`() throws {
    let index = try index(["灯台は高さ41メートルです", "Ünïcode STRASSE und mehr"])
    let spans = SpanSearch([index]).spans(of: "ünïcode strasse UND mehr")
    #expect(spans.map(\.words) == [4])
    #expect(SpanSearch([index], minimumWords: 2).spans(of: "灯台").count == 1)
  }

  /// Every maximal common stretch, found by comparing all pairs of places.
  private func bruteForce(_ answer: [String], _ documents: [[String]], minimum: Int) -> Set<String>
  {
    var found: Set<String> = []
    var reached = 0
    for first in answer.indices {
      var longest = 0
      for document in documents {
        for start in document.indices {
          let length = zip(answer[first...], document[start...]).prefix { $0 == $1 }.count
          longest = max(longest, length)
        }
      }
      guard first + longest > reached else { continue }
      reached = first + longest
      if longest >= minimum { found.insert(answer[first..<reached].joined(separator: " ")) }
    }
    return found
  }

  @Test func `random texts give what comparing all places gives`() throws {
    let vocabulary = ["a", "ab", "abc", "b", "ba", "c", "é", "zz"]
    func text(_ count: Int) -> [String] { (0..<count).map { _ in vocabulary.randomElement()! } }
    for round in 0..<40 {
      let shards = (0..<3).map { _ in (0..<3).map { _ in text(.random(in: 0...40)) } }
      let indexes = try shards.enumerated().map { number, documents in
        try index(documents.map { $0.joined(separator: " ") }, name: "\(round)-\(number)")
      }
      let answer = text(30)
      let spans = SpanSearch(indexes).spans(of: answer.joined(separator: " "))
      let documents = shards.flatMap { $0 }
      #expect(Set(spans.map(\.text)) == bruteForce(answer, documents, minimum: 3))
      for span in spans {
        let words = span.text.split(separator: " ").map(String.init)
        let count = documents.reduce(0) { sum, document in
          sum + document.indices.filter { document[$0...].starts(with: words) }.count
        }
        #expect(span.occurrences == count, "\(span.text)")
      }
    }
  }

  @Test func `an index has less than three bytes for each byte of text`() throws {
    let words = ["the", "harbour", "was", "opened", "in", "1904", "by", "keeper", "of", "light"]
    let text = (0..<20_000).map { _ in words.randomElement()! }.joined(separator: " ")
    _ = try index([text])
    let size = try FileManager.default.attributesOfItem(atPath: folder + "/a.spans")[.size] as? Int
    #expect(try #require(size) < 3 * text.utf8.count)
  }

  @Test func `a damaged index is an error or finds nothing wrong, and never a crash`() throws {
    let path = folder + "/a.spans"
    let document = "the lighthouse was built in 1887 by the engineer of the harbour"
    _ = try index([document, "and another text about the harbour"])
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
    for count in [0, 7, 8, 31, 32, bytes.count - 1] {
      try Data(bytes.prefix(count)).write(to: URL(filePath: path))
      #expect(throws: (any Error).self) { try SpanIndex(path: path) }
    }
    for position in bytes.indices {
      var damaged = bytes
      damaged[position] ^= UInt8.random(in: 1...255)
      try Data(damaged).write(to: URL(filePath: path))
      guard let index = try? SpanIndex(path: path) else { continue }
      for span in SpanSearch([index]).spans(of: document) {
        for place in span.places where place.document == 0 {
          // A place that is shown has been compared with the document.
          if span.line(at: place, in: Array(document.utf8)) != nil {
            #expect(document.contains(span.text))
          }
        }
      }
    }
  }
}
