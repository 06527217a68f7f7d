/// The words of a text as stems, for lexical overlap between a question and a sentence.
///
/// A light suffix stripper and a short stop list: the same rules built the shipped `reader-idf.tsv`,
/// so neither can change without rebuilding it and retuning the weights.
package enum Stems {
  /// The stems of all words, in order of appearance, stop words included.
  package static func all(of text: String) -> [String] {
    words(of: text).map(stem)
  }

  /// The distinct stems of content words, ascending.
  package static func content(of text: String) -> [String] {
    Set(words(of: text).filter { !stopWords.contains($0) }.map(stem)).sorted()
  }

  /// Runs of letters, digits and underscores in lower case; an apostrophe or hyphen joins two runs.
  static func words(of text: String) -> [String] {
    var words: [String] = []
    var word = String.UnicodeScalarView()
    var joint: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if isWordScalar(scalar) {
        if let joiner = joint { word.append(joiner) }
        joint = nil
        word.append(scalar)
      } else if joint == nil, !word.isEmpty, isJoiner(scalar) {
        joint = scalar
      } else {
        if !word.isEmpty { words.append(String(word).lowercased()) }
        word = String.UnicodeScalarView()
        joint = nil
      }
    }
    if !word.isEmpty { words.append(String(word).lowercased()) }
    return words
  }

  /// Strips the first of these suffixes that leaves three letters, then undoubles the last letter.
  static func stem(_ word: String) -> String {
    var letters = Array(word.unicodeScalars)
    for suffix in suffixes where letters.count - suffix.count >= 3 {
      guard letters.suffix(suffix.count).elementsEqual(suffix) else { continue }
      letters.removeLast(suffix.count)
      break
    }
    if letters.count > 3, letters[letters.count - 1] == letters[letters.count - 2] {
      letters.removeLast()
    }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: letters)
    return String(view)
  }

  private static let suffixes = [
    "ingly", "edly", "ing", "ied", "ies", "ed", "es", "ly", "s", "er", "ion", "e",
  ].map { Array($0.unicodeScalars) }

  private static func isJoiner(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "'" || scalar == "\u{2019}" || scalar == "-"
  }

  private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      let value = scalar.value
      return (0x30...0x39).contains(value) || (0x41...0x5A).contains(value)
        || (0x61...0x7A).contains(value) || value == 0x5F
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber:
      return true
    default: return false
    }
  }

  static let stopWords = Set(
    """
    a an the of in on at to for from by with and or but is are was were be been being it its this \
    that these those as has have had do does did not which who whom what when where why how can \
    could will would may might should than then there their they he she his her him them i we you \
    our your my me us if so such into about over also more most some any all no only other one two \
    between during after before up out
    """.split(separator: " ").map(String.init))
}
