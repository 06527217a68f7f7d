import Corpus
import Testing

private func split(_ text: String) -> [String] {
  let bytes = Array(text.utf8)
  return SentenceSplitter.sentences(in: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
}

@Suite struct TextSentenceTests {
  /// `|` marks where a sentence is expected to end.
  @Test(arguments: [
    "It stands 41 metres tall.| The keeper left in 1962.| It is automatic now.",
    "Mr. Smith met Dr. Jones on St. Augustine Street.| They talked.",
    "The U.S. Army moved.| He left the U.S.| The rest stayed.",
    "Pi is 3.14159 and e is 2.718.| Both are irrational.",
    "He said \"Stop.\"| She went on.",
    "He asked \"Why?\" and left.| Nobody knew!| Really?!| Yes.",
    "Well... it depends.| It ended…| Then it rained.",
    "Some animals (e.g. Cats and dogs, i.e. Pets) sleep.| Others do not.",
    "See No. 5 and fig. 3 on p. 12.| The answer is no.| That is all.",
    "J. R. R. Tolkien wrote it.| H. G. Wells did not.",
    "It was by Maria C. Tiddeman.| I am here to . . . submit.| By J. A. Hobson.",
    "Mann et al. 1998 showed it, as did Jones et al. (2001) later.| So did we.",
    "Apples, pears, etc. are fruit.| He sold apples, etc.| The rest was lost.",
    "Founded by Acme Inc. in 1900.| Sold to Bolt Ltd.| Then closed.",
    "The limit is n.| It holds for 2n.| It fails in 1980.| Nobody cared.",
    "A claim.[1]| Another.[12][13]| The end.",
    "It was (by then) over (see below).| Then came peace.",
    "The bacterium Y. pestis is old.| It spread.",
    "The bill of Sept. 11 passed.| It was Dec.| The snow fell.",
    "La tour mesure 41 m.| Élodie la voit.| Où est-elle ?| Là.",
    "Башня высокая.| Её построил А. С. Иванов.| Она старая.",
    "塔高41米。|它建于1890年！|谁建的？|不知道。",
    "यह मीनार ऊँची है।| इसे किसने बनाया?| कोई नहीं जानता।",
    "هل هذا صحيح؟| نعم، إنه صحيح.| انتهى.",
  ])
  func prose(marked: String) {
    let expected = marked.split(separator: "|").map { $0.drop { $0 == " " } }.map(String.init)
    #expect(split(marked.filter { $0 != "|" }) == expected)
  }

  @Test func `Markdown blocks are borders and their markers are no part of a sentence`() {
    let text = """
      ---
      title: Lights of the coast
      author: A. Keeper
      ---
      # The lighthouse
      It was built in
      1890. It is tall

      Old name
      --------
      - white tower
      - red lamp
        that turns
      2. second
      > Quoted text. More of it.

      | part | height |
      |------|-------:|
      | lamp | 3 m. Or so. |

      ```swift
      let a = 1. // Not a sentence.

      let b = 2
      ```
      ***
      Last line without a period
      """
    #expect(
      split(text) == [
        "title: Lights of the coast", "author: A. Keeper", "The lighthouse",
        "It was built in\n1890.", "It is tall", "Old name", "white tower",
        "red lamp\n  that turns", "second", "Quoted text.", "More of it.", "| part | height |",
        "| lamp | 3 m. Or so. |", "let a = 1. // Not a sentence.\n\nlet b = 2",
        "Last line without a period",
      ])
  }

  @Test(arguments: ["", " \n\t", "\u{FEFF}", "---", "- \n- ", "\u{3000}\u{A0}"])
  func `text without words has no sentences`(text: String) {
    #expect(split(text) == [])
  }

  @Test func `windows line ends and a byte-order mark are white space`() {
    #expect(split("\u{FEFF}# Title\r\n\r\nOne. Two.\r\n") == ["Title", "One.", "Two."])
  }

  @Test(arguments: [
    ".", "...)))", ". (((", "\"'\"'", "[1", "[[[[", "a.b", "\n", "- \n", "> ", "```\n", "---\n",
    "| ", "Mr. ", "1. ", "! ", "é. ", "#", "\u{3000}. ", "A.B.C.", "\r",
  ])
  func `hostile repetitions take linear time`(unit: String) {
    let bytes = Array(String(repeating: unit, count: 200_000 / unit.utf8.count).utf8)
    let time = ContinuousClock().measure { _ = Chunker.chunks(of: bytes) }
    #expect(time < .seconds(3), "\(unit.debugDescription) took \(time)")
  }
}
