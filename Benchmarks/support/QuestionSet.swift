import Answering
import Corpus
import Foundation

/// A paragraph in sentences, with the questions that one of them answers.
package struct Paragraph {
  package struct Question {
    package let text: String
    /// The sentence that holds the answer.
    package let sentence: Int
    /// Nil where only the sentence is known.
    package let answer: String?
  }

  package let sentences: [String]
  /// The content stems of each sentence, sorted.
  package let stems: [[String]]
  package let questions: [Question]

  init(sentences: [String], questions: [Question]) {
    self.sentences = sentences
    self.questions = questions
    stems = sentences.map { Stems.content(of: $0) }
  }

  package func stems(of range: Range<Int>) -> [String] {
    Set(range.flatMap { stems[$0] }).sorted()
  }
}

/// Reads question sets.
package enum QuestionSet {
  /// A SQuAD file; questions whose answer crosses a sentence's border are left out.
  package static func squad(_ path: String) throws -> [Paragraph] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try JSONDecoder().decode(SQuAD.self, from: data).data.flatMap(\.paragraphs)
      .map { paragraph in
        let bytes = Array(paragraph.context.utf8)
        let ranges = SentenceSplitter.sentences(in: bytes)
        return Paragraph(
          sentences: ranges.map { String(decoding: bytes[$0], as: UTF8.self) },
          questions: paragraph.qas.compactMap { $0.question(in: paragraph.context, ranges) })
      }
  }

  /// Rows `{"sents": [...], "qas": [[question, sentence, answer], ...]}`, one a line.
  ///
  /// Questions whose answer does not stand in the sentence named are left out. Of a row with more
  /// than `questionsPerRow`, evenly spaced ones are taken.
  package static func rows(
    _ data: Data, questionsPerRow limit: Int
  ) throws -> [Paragraph] {
    try data.split(separator: UInt8(ascii: "\n")).map { line in
      let row = try JSONDecoder().decode(Row.self, from: Data(line))
      let questions = (row.qas ?? []).filter { $0.isAnswered(in: row.sents) }
      let taken = (0..<min(limit, questions.count)).map { index in
        questions[index * questions.count / min(limit, questions.count)]
      }
      return Paragraph(
        sentences: row.sents,
        questions: taken.map {
          Paragraph.Question(text: $0.text, sentence: $0.sentence, answer: $0.answer)
        })
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

      func question(in context: String, _ sentences: [Range<Int>]) -> Paragraph.Question? {
        guard let span = answers.first else { return nil }
        let scalars = context.unicodeScalars
        let start = scalars.index(scalars.startIndex, offsetBy: span.start)
        let from = context.utf8.distance(from: context.startIndex, to: start)
        let to = from + span.text.utf8.count
        return sentences.firstIndex { $0.lowerBound <= from && to <= $0.upperBound }.map {
          Paragraph.Question(text: question, sentence: $0, answer: span.text)
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

  private struct Row: Decodable {
    struct QA: Decodable {
      let text: String
      let sentence: Int
      let answer: String?

      init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        text = try values.decode(String.self)
        sentence = try values.decode(Int.self)
        answer = try values.decodeNil() ? nil : values.decode(String.self)
      }

      func isAnswered(in sentences: [String]) -> Bool {
        guard sentences.indices.contains(sentence) else { return false }
        guard let answer = answer?.lowercased() else { return true }
        return sentences[sentence].lowercased().contains(answer)
      }
    }
    let sents: [String]
    let qas: [QA]?
  }
}
