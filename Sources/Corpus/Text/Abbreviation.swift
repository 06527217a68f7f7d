/// Tells periods that end a sentence from those of abbreviations, initials and numbers.
///
/// What precedes decides first; where an abbreviation may also close a sentence ("in the U.S. The
/// state ...") the next word decides, by a list of words that begin sentences far more often than
/// they are part of a name.
enum Abbreviation {
  /// How far back the word before the period is looked for.
  static let longestWord = 24

  static func periodEndsSentence(
    before: Range<Int>, follower: Follower, text: UTF8Scalars
  ) -> Bool {
    let window = max(before.lowerBound, before.upperBound - longestWord)..<before.upperBound
    let token = lastToken(of: text.bytes[window])
    guard let last = token.last else { return true }
    if token.allSatisfy({ (0x30...0x39).contains($0) }) {
      // "1. First": an enumerator and not yet a sentence.
      return token.startIndex > before.lowerBound
    }
    let word = String(decoding: token, as: UTF8.self)
    let lower = word.lowercased()
    if neverEnds.contains(lower) { return false }
    if isInitial(word) { return startsSentence(follower) }
    if beforeNumber.contains(lower) {
      return follower.kind != .digit && !(lower == "al" && follower.isOpened)
    }
    if mayEnd.contains(lower) || isDotted(token) {
      return follower.kind != .digit && startsSentence(follower)
    }
    return last != UInt8(ascii: ".")
  }

  private static func startsSentence(_ follower: Follower) -> Bool {
    sentenceStarters.contains(follower.word)
  }

  /// The bytes after the last blank or opening mark.
  private static func lastToken(of window: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let stops = " \t\r\n\"'([{*_`/-".utf8
    let start = window.lastIndex { stops.contains($0) }.map { $0 + 1 } ?? window.startIndex
    return window[start...]
  }

  /// Letters with single periods between them: `U.S`, `e.g`, `Ph.D`, `E.I`.
  private static func isDotted(_ token: ArraySlice<UInt8>) -> Bool {
    let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count > 1
      && parts.allSatisfy { part in
        (1...2).contains(part.count) && part.allSatisfy { isLetter($0) }
      }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  /// One capital letter of any script: `J. R. Smith`, `А. С. Пушкин`.
  private static func isInitial(_ word: String) -> Bool {
    let scalars = word.unicodeScalars
    return scalars.count == 1 && scalars.first?.properties.isUppercase == true
  }

  /// Abbreviations that something always follows.
  private static let neverEnds: Set<String> = [
    "mr", "mrs", "ms", "dr", "prof", "rev", "hon", "gen", "col", "maj", "capt", "lt", "sgt", "cpl",
    "adm", "cmdr", "gov", "sen", "rep", "pres", "supt", "insp", "st", "mt", "ft", "messrs", "mme",
    "mlle", "fr", "hr", "dipl", "ing", "vs", "v", "e.g", "i.e", "cf", "viz", "approx", "incl",
    "resp", "esp", "eg", "ie", "т.е", "т.к", "z.b", "d.h", "bzw",
  ]

  /// Abbreviations only before a number (or, for "et al.", a bracket); else a word that ends.
  private static let beforeNumber: Set<String> = [
    "no", "nos", "nr", "p", "pp", "vol", "vols", "fig", "figs", "sec", "ch", "chap", "art", "eq",
    "eqs", "op", "c", "ca", "al", "tab", "ex", "par", "para", "app", "ver", "pt",
  ]

  /// Abbreviations that a sentence often ends with.
  private static let mayEnd: Set<String> = [
    "etc", "inc", "ltd", "corp", "co", "cos", "bros", "jr", "sr", "esq", "ave", "blvd", "rd",
    "dept", "univ", "assn", "est", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept",
    "oct", "nov", "dec", "mon", "tue", "tues", "wed", "thu", "thurs", "fri", "sat", "sun",
  ]

  private static let sentenceStarters: Set<String> = [
    "the", "a", "an", "in", "it", "he", "she", "they", "we", "you", "i", "this", "these", "that",
    "those", "there", "here", "but", "and", "or", "so", "yet", "however", "moreover", "thus",
    "therefore", "on", "at", "as", "for", "if", "when", "where", "while", "after", "before",
    "although", "though", "its", "his", "her", "their", "our", "my", "your", "many", "some",
    "most", "several", "few", "all", "both", "each", "every", "no", "not", "by", "from", "with",
    "to", "since", "because", "during", "under", "until", "unlike", "despite", "according", "one",
    "two", "three", "another", "other", "others", "such", "what", "who", "why", "how", "which",
    "is", "are", "was", "were", "do", "does", "did", "have", "has", "had", "then", "later", "today",
    "also", "among", "between", "through", "over", "once", "only", "now", "us", "nobody",
    "everyone", "nothing", "your", "these", "instead", "finally", "first", "second", "again",
  ]
}
