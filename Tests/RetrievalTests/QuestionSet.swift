import Corpus
import Foundation
import TestSupport

@testable import Retrieval

/// The English half of XQuAD as documents, one per paragraph, and questions about them.
struct QuestionSet {
  struct Question {
    let text: String
    /// The number of the article and the path of the paragraph that hold the answer.
    let article: Int
    let document: String
    /// The bytes of the answer in the paragraph.
    let answer: Range<Int>
  }

  private(set) var documents: [String: String] = [:]
  private(set) var questions: [Question] = []
  /// The paths of each article's paragraphs.
  private(set) var articles: [[String]] = []

  static let path = SharedData.path("qa/xquad-en-even.json")

  static var isPresent: Bool { FileManager.default.fileExists(atPath: path) }

  init() throws {
    let file = try Data(contentsOf: URL(filePath: Self.path))
    for (number, article) in try JSONDecoder().decode(File.self, from: file).data.enumerated() {
      articles.append([])
      for paragraph in article.paragraphs {
        let document = "p\(1000 + documents.count).txt"
        documents[document] = paragraph.context
        articles[number].append(document)
        for item in paragraph.qas {
          guard let answer = item.answers.first else { continue }
          let start = String(paragraph.context.unicodeScalars.prefix(answer.start)).utf8.count
          questions.append(
            Question(
              text: item.question, article: number, document: document,
              answer: start..<(start + answer.text.utf8.count)))
        }
      }
    }
  }

  /// A shard of some of the paragraphs, or of all.
  func shard(_ paths: [String]? = nil) -> IndexedShard {
    let kept = Set(paths ?? Array(documents.keys))
    return RetrievalTests.shard("xquad", documents.filter { kept.contains($0.key) })
  }

  private struct File: Decodable { let data: [Article] }
  private struct Article: Decodable { let paragraphs: [Paragraph] }
  private struct Paragraph: Decodable {
    let context: String
    let qas: [Item]
  }
  private struct Item: Decodable {
    let question: String
    let answers: [Answer]
  }
  private struct Answer: Decodable {
    let text: String
    /// Counted in Unicode scalars.
    let start: Int

    enum CodingKeys: String, CodingKey {
      case text
      case start = "answer_start"
    }
  }
}

/// Where the gold passages of a question set came in a ranking.
struct RankingQuality: CustomStringConvertible {
  private var paragraphRanks: [Int?] = []
  private var answerRanks: [Int?] = []

  mutating func add(_ found: [RetrievedChunk], for question: QuestionSet.Question) {
    let inParagraph = found.map { $0.chunk.reference.document == question.document }
    let withAnswer = zip(found, inParagraph).map { item, isGold in
      isGold
        && item.chunk.sentences.contains { $0.overlaps(question.answer) }
        && (item.chunk.reference.start..<item.chunk.reference.end).contains(question.answer)
    }
    paragraphRanks.append(inParagraph.firstIndex(of: true).map { $0 + 1 })
    answerRanks.append(withAnswer.firstIndex(of: true).map { $0 + 1 })
  }

  /// The share of questions with a chunk of the gold paragraph among the first `count`.
  func paragraphRecall(at count: Int) -> Double { recall(paragraphRanks, at: count) }
  /// The share of questions with the chunk that holds the answer among the first `count`.
  func answerRecall(at count: Int) -> Double { recall(answerRanks, at: count) }
  /// The mean of one over the rank of the chunk that holds the answer.
  var meanReciprocalRank: Double {
    answerRanks.reduce(0) { $0 + ($1.map { 1 / Double($0) } ?? 0) } / Double(answerRanks.count)
  }

  private func recall(_ ranks: [Int?], at count: Int) -> Double {
    Double(ranks.count { $0.map { $0 <= count } ?? false }) / Double(ranks.count)
  }

  var description: String {
    func cell(_ value: Double) -> String { String(format: "%.3f", value) }
    return "paragraph@4 \(cell(paragraphRecall(at: 4))) answer@1 \(cell(answerRecall(at: 1))) "
      + "answer@4 \(cell(answerRecall(at: 4))) answer@8 \(cell(answerRecall(at: 8))) "
      + "MRR \(cell(meanReciprocalRank))"
  }
}
