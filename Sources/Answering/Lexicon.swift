import Foundation
import Kernels

/// How rare words are: a fixed table, so that a sentence's lexical score depends on that sentence
/// and the question alone, never on what else was retrieved.
package struct Lexicon: Sendable {
  private let sentences: Double
  private let counts: [String: Int]
  /// The inverse frequency of a stem that the table does not hold.
  private let rarest: Double

  package init(sentences: Int, counts: [String: Int]) {
    self.sentences = Double(max(1, sentences))
    self.counts = counts
    rarest = Deterministic.log(self.sentences)
  }

  /// log(sentences / (1 + number of sentences that hold the stem)).
  package func inverseFrequency(_ stem: String) -> Double {
    guard let count = counts[stem] else { return rarest }
    return Deterministic.log(sentences / Double(1 + count))
  }

  /// The overlap of a question and a sentence, given as their sorted content stems.
  ///
  /// The sum of the shared stems' inverse frequencies, in the order of the stems, damped by the
  /// sentence's length: BM25 without term frequencies, which single sentences hardly have.
  package func overlap(question: [String], sentence: [String]) -> Double {
    let present = Set(sentence)
    let sum = question.reduce(0.0) { sum, stem in
      present.contains(stem) ? sum + inverseFrequency(stem) : sum
    }
    return sum / (1 + 0.03 * Double(sentence.count))
  }
}

extension Lexicon {
  /// The file that lies beside a reader's model file.
  package static let fileName = "reader-idf.tsv"
  private static let header = "tributary-idf"

  /// The table's path in the folder of a reader's model file; it is part of what decides values.
  package static func path(besideModel model: String) -> String {
    URL(fileURLWithPath: model).deletingLastPathComponent().path + "/" + fileName
  }

  /// Reads the table from the folder of `model`.
  package static func load(besideModel model: String) throws -> Lexicon {
    try load(path(besideModel: model))
  }

  /// Reads `tributary-idf<TAB>1<TAB>sentences`, then `stem<TAB>count` lines.
  package static func load(_ path: String) throws -> Lexicon {
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    var lines = text.split(separator: "\n").enumerated().makeIterator()
    func bad(_ line: Int, _ found: Substring, _ expected: String) -> AnswerError {
      .badLexicon(file: path, line: line + 1, found: String(found.prefix(60)), expected: expected)
    }
    guard let (_, first) = lines.next() else { throw bad(0, "", "\(header) 1 and a count") }
    let fields = first.split(separator: "\t")
    guard fields.count == 3, fields[0] == header, fields[1] == "1",
      let sentences = Int(fields[2]), sentences > 0
    else { throw bad(0, first, "\(header) 1 and a count") }
    var counts: [String: Int] = [:]
    while let (number, line) = lines.next() {
      let fields = line.split(separator: "\t")
      guard fields.count == 2, let count = Int(fields[1]), count > 0 else {
        throw bad(number, line, "a stem, a tab and a positive count")
      }
      counts[String(fields[0])] = count
    }
    return Lexicon(sentences: sentences, counts: counts)
  }

  /// Counts in how many of `sentences` each stem occurs and writes those found at least `minimum`
  /// times, ascending.
  ///
  /// The header's count is the number of stems found over 15, the mean stems of a training sentence:
  /// the definition under which the label weights were tuned.
  package static func table(of sentences: some Sequence<String>, minimum: Int) -> String {
    var counts: [String: Int] = [:]
    for sentence in sentences {
      for stem in Set(Stems.all(of: sentence)) { counts[stem, default: 0] += 1 }
    }
    let total = max(1, counts.values.reduce(0, +) / 15)
    let rows = counts.filter { $0.value >= minimum }.sorted { $0.key < $1.key }
    return "\(header)\t1\t\(total)\n" + rows.map { "\($0.key)\t\($0.value)\n" }.joined()
  }
}
