import AttributionMethods
import Corpus
import Foundation

/// Reads question sets.
enum QuestionFile {
  /// A SQuAD file; questions whose answer crosses a sentence's border are left out.
  static func squad(_ path: String) throws -> [PlantedParagraph] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try JSONDecoder().decode(SQuAD.self, from: data).data.flatMap(\.paragraphs)
      .map { paragraph in
        let bytes = Array(paragraph.context.utf8)
        let ranges = SentenceSplitter.sentences(in: bytes)
        return PlantedParagraph(
          sentences: ranges.map { String(decoding: bytes[$0], as: UTF8.self) },
          questions: paragraph.qas.compactMap { $0.question(in: paragraph.context, ranges) })
      }
  }

  private struct SQuAD: Decodable {
    struct Article: Decodable { let paragraphs: [Context] }
    struct Context: Decodable {
      let context: String
      let qas: [QA]
    }
    struct QA: Decodable {
      let question: String
      let answers: [Span]

      func question(
        in context: String, _ sentences: [Range<Int>]
      ) -> PlantedParagraph.Question? {
        guard let span = answers.first else { return nil }
        let scalars = context.unicodeScalars
        let start = scalars.index(scalars.startIndex, offsetBy: span.start)
        let from = context.utf8.distance(from: context.startIndex, to: start)
        let to = from + span.text.utf8.count
        return sentences.firstIndex { $0.lowerBound <= from && to <= $0.upperBound }.map {
          PlantedParagraph.Question(text: question, answer: span.text, sentence: $0)
        }
      }
    }
    struct Span: Decodable {
      let start: Int
      let text: String

      enum CodingKeys: String, CodingKey {
        case start = "answer_start"
        case text
      }
    }
    let data: [Article]
  }
}
