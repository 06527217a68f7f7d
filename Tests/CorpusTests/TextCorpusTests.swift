import Corpus
import Foundation
import TestSupport
import Testing

/// The English half of XQuAD in the shared data folder, if it is there.
private struct Questions: Decodable {
  struct Article: Decodable { let paragraphs: [Paragraph] }
  struct Paragraph: Decodable {
    let context: String
    let qas: [Question]
  }
  struct Question: Decodable { let answers: [Answer] }
  struct Answer: Decodable {
    let text: String
    // Counted in Unicode scalars.
    let start: Int

    enum CodingKeys: String, CodingKey {
      case text
      case start = "answer_start"
    }
  }
  let data: [Article]

  static let path = SharedData.path("qa/xquad-en-even.json")

  static var isPresent: Bool { FileManager.default.fileExists(atPath: path) }
}

@Suite struct TextCorpusTests {
  @Test(.enabled(if: Questions.isPresent, "needs qa/xquad-en-even.json of the shared data"))
  func `an answer in encyclopedic prose lies inside one sentence`() throws {
    let file = try Data(contentsOf: URL(filePath: Questions.path))
    let questions = try JSONDecoder().decode(Questions.self, from: file)
    var (inside, total, sentenceCount) = (0, 0, 0)
    for paragraph in questions.data.flatMap(\.paragraphs) {
      let sentences = SentenceSplitter.sentences(in: paragraph.context)
      sentenceCount += sentences.count
      for answer in paragraph.qas.flatMap(\.answers) {
        let before = paragraph.context.unicodeScalars.prefix(answer.start)
        let start = String(before).utf8.count
        let range = start..<(start + answer.text.utf8.count)
        total += 1
        if sentences.contains(where: { $0.contains(range) }) { inside += 1 }
      }
    }
    print("XQuAD: \(sentenceCount) sentences; \(inside) of \(total) answers inside one")
    #expect(Double(inside) >= 0.99 * Double(total))
  }
}
