import Testing

@testable import Answering

@Suite struct StemsTests {
  @Test(arguments: [
    ("running", "run"), ("cities", "cit"), ("tied", "tied"), ("houses", "hous"),
    ("nation", "nat"), ("bees", "bee"), ("rapidly", "rapid"), ("builder", "build"),
    ("see", "see"), ("add", "add"), ("called", "cal"),
  ])
  func `a suffix is stripped where three letters are left`(word: String, stem: String) {
    #expect(Stems.stem(word) == stem)
  }

  @Test func `words are runs of letters and digits that apostrophes and hyphens join`() {
    #expect(
      Stems.words(of: "Maud's well-known, 1874 -- don\u{2019}t 'quote' a_b É́")
        == ["maud's", "well-known", "1874", "don\u{2019}t", "quote", "a_b", "é"])
    #expect(Stems.words(of: "") == [])
    #expect(Stems.words(of: "a- -b-'c") == ["a", "b", "c"])
  }

  @Test func `content stems are distinct, sorted and free of stop words`() {
    #expect(Stems.content(of: "The dogs and the dog of a Zebra") == ["dog", "zebra"])
  }
}
