import Kernels
import TestSupport
import Testing

@testable import Answering

@Suite struct LexiconTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ text: String) throws -> String { try folder.write("lexicon.tsv", text) }

  @Test func `a table that was written is read back`() throws {
    let sentences = ["dog dog cat", "dogs", "a cat", "bird"]
    let path = try file(Lexicon.table(of: sentences, minimum: 2))
    let lexicon = try Lexicon.load(path)
    // Six stems in all, over 15, are no whole sentence: the header says one.
    #expect(lexicon.inverseFrequency("dog") < lexicon.inverseFrequency("bird"))
  }

  @Test func `overlap is the sum of shared rarities, damped by length`() {
    let lexicon = Lexicon(sentences: 100, counts: ["dog": 9, "cat": 49])
    let expected = (Deterministic.log(10) + Deterministic.log(2)) / (1 + 0.03 * 3)
    #expect(
      lexicon.overlap(question: ["cat", "dog", "x"], sentence: ["bird", "cat", "dog"]) == expected)
    #expect(lexicon.overlap(question: [], sentence: ["dog"]) == 0)
  }

  @Test(arguments: [
    ("", 1), ("tributary-idf\t2\t5\n", 1), ("tributary-idf\t1\t0\n", 1),
    ("tributary-idf\t1\t5\ndog\n", 2), ("tributary-idf\t1\t5\ndog\t3\ncat\t-1\n", 3),
  ])
  func `a damaged table is refused with its line`(text: String, line: Int) throws {
    let error = #expect(throws: AnswerError.self) { try Lexicon.load(file(text)) }
    guard case .badLexicon(_, let found, _, _) = try #require(error) else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(found == line)
  }

  @Test func `the shipped table lies beside the reader and knows common words`() throws {
    let lexicon = try Lexicon.load(besideModel: Models.path("Models/reader.gguf"))
    #expect(lexicon.inverseFrequency("the") < 2)
    #expect(lexicon.inverseFrequency("lighthous") > 6)
  }
}
