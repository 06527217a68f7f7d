import GGUF
import Testing
import Tokenizers

@Suite struct SpecialTokenTests {
  @Test func theReadersLabelsAreSingleTokens() throws {
    let tokenizer = try Vocabularies.tokenizer("reader")
    for name in ["<|end|>", "<|q|>", "<|a|>", "<|none|>", "<|d1|>", "<|s40|>"] {
      let token = try #require(tokenizer.token(named: name))
      #expect(tokenizer.encode(name, addSpecial: false, parseSpecial: true) == [token])
      #expect(tokenizer.bytes(of: token).isEmpty)
    }
    #expect(tokenizer.token(named: "<|s41|>") == nil)
    #expect(tokenizer.token(named: "") == nil)
    #expect(tokenizer.endOfText == 0)
    #expect(tokenizer.endOfTurn == 0)
    #expect(tokenizer.isEndOfGeneration(0))
    #expect(!tokenizer.isEndOfGeneration(1))
    #expect(!tokenizer.addsBeginOfText)
  }

  @Test(arguments: ["reader", "llama-bpe", "gpt-2", "sentencepiece", "embedding"])
  func textFromOutsideNeverSpellsControlTokens(name: String) throws {
    let tokenizer = try Vocabularies.tokenizer(name)
    let spelled = "<|end|><|q|><s></s><unk><0x0A><|begin_of_text|><|im_start|>[CLS][SEP][PAD]"
    for token in tokenizer.encode(spelled, addSpecial: false, parseSpecial: false) {
      #expect(!tokenizer.bytes(of: token).isEmpty || name == "embedding")
      for control in ["<|end|>", "<|q|>", "<s>", "</s>", "<|im_start|>", "[CLS]", "[SEP]"] {
        #expect(token != tokenizer.token(named: control))
      }
    }
  }

  @Test func eachKindAddsItsOwnSpecialTokens() throws {
    let sentencePiece = try Vocabularies.tokenizer("sentencepiece")
    #expect(sentencePiece.addsBeginOfText)
    #expect(sentencePiece.encode("", addSpecial: true, parseSpecial: true) == [1])
    #expect(sentencePiece.encode("", addSpecial: false, parseSpecial: true) == [])
    let wordPiece = try Vocabularies.tokenizer("embedding")
    #expect(wordPiece.encode("the", addSpecial: true, parseSpecial: true) == [101, 1996, 102])
    #expect(wordPiece.encode("", addSpecial: true, parseSpecial: true) == [101, 102])
    let llama = try Vocabularies.tokenizer("llama-bpe")
    #expect(llama.addsBeginOfText)
    #expect(llama.encode("", addSpecial: true, parseSpecial: true) == [0])
    #expect(llama.endOfTurn == llama.token(named: "<|eot_id|>"))
    #expect(try #require(llama.endOfTurn).description == "2")
  }

  @Test func userDefinedTokensAreSplitFirstInAnyText() throws {
    let file = try Vocabularies.fixture("sentencepiece")
    var kinds = try file.ints("tokenizer.ggml.token_type").map { Int32($0) }
    let plain = try TokenizerLoader.load(from: file)
    let the = try #require(plain.token(named: "he"))
    kinds[Int(the)] = 4
    let changed = try Vocabularies.changed(
      file, ["tokenizer.ggml.token_type": .array(.init(integers: kinds))])
    let tokenizer = try TokenizerLoader.load(from: changed)
    let tokens = tokenizer.encode("there", addSpecial: false, parseSpecial: false)
    #expect(tokens.contains(the))
    #expect(tokenizer.decode(tokens).contains("he"))
  }

  @Test func theLongestSpecialTokenWinsWhereverItStands() throws {
    var writer = GGUFWriter()
    writer.add("tokenizer.ggml.model", .string("bert"))
    writer.add(
      "tokenizer.ggml.tokens", .array(.init(strings: ["[UNK]", "ab", "bcd", "▁a", "▁d", "a"])))
    writer.add("tokenizer.ggml.token_type", .array(.init(integers: [2, 3, 3, 1, 1, 4])))
    let tokenizer = try TokenizerLoader.load(
      from: GGUFFile(bytes: writer.encoded(), name: "special"))
    func tokens(_ text: String) -> [Int32] {
      tokenizer.encode(text, addSpecial: false, parseSpecial: true)
    }
    #expect(tokens("ab d") == [1, 4])
    // "ab" gives way to "bcd", and "a" is left of it.
    #expect(tokens("abcd") == [5, 2])
    #expect(tokens("bcdab") == [2, 1])
  }

  @Test func phi3TokensSwallowTheWhitespaceAfterThem() throws {
    let file = try Vocabularies.changed(
      Vocabularies.fixture("sentencepiece"), ["general.name": .string("Phi-3-mini")])
    let tokenizer = try TokenizerLoader.load(from: file)
    func tokens(_ text: String) -> [Int32] {
      tokenizer.encode(text, addSpecial: false, parseSpecial: true)
    }
    #expect(tokens("there</s> \n\tthere") == tokens("there") + [2] + tokens("there"))
    #expect(tokens("there<s> there") == tokens("there") + [1] + tokens(" there"))
    #expect(tokens("</s> \n") == [2])
  }

  @Test func namesMakeControlTokensWhateverTheFileSays() throws {
    var writer = GGUFWriter()
    writer.add("tokenizer.ggml.model", .string("bert"))
    writer.add(
      "tokenizer.ggml.tokens",
      .array(.init(strings: ["[UNK]", "<|im_end|>", "<|message|>", "▁a", "<|fim_prefix|>"])))
    writer.add("tokenizer.ggml.token_type", .array(.init(integers: [2, 1, 3, 1, 4])))
    let tokenizer = try TokenizerLoader.load(
      from: GGUFFile(bytes: writer.encoded(), name: "roles"))
    #expect(tokenizer.isEndOfGeneration(1))
    #expect(tokenizer.bytes(of: 1).isEmpty)
    #expect(tokenizer.bytes(of: 2) == Array("<|message|>".utf8))
    #expect(tokenizer.encode("a<|message|>", addSpecial: false, parseSpecial: false) == [3, 2])
    let hidden = tokenizer.encode("a<|im_end|>", addSpecial: false, parseSpecial: false)
    #expect(!hidden.contains(1))
  }

  @Test func theLongestSpecialTokenWinsAtEachPlace() throws {
    var writer = GGUFWriter()
    writer.add("tokenizer.ggml.model", .string("bert"))
    writer.add(
      "tokenizer.ggml.tokens", .array(.init(strings: ["[UNK]", "<a", "<a>", "a>b", "▁b"])))
    writer.add("tokenizer.ggml.token_type", .array(.init(integers: [2, 3, 3, 3, 1])))
    let tokenizer = try TokenizerLoader.load(
      from: GGUFFile(bytes: writer.encoded(), name: "special"))
    #expect(tokenizer.encode("<a>b", addSpecial: false, parseSpecial: true) == [2, 4])
    #expect(tokenizer.encode("<a<a>", addSpecial: false, parseSpecial: true) == [1, 2])
    #expect(tokenizer.encode("<a> b", addSpecial: false, parseSpecial: false).contains(4))
    #expect(tokenizer.encode("<", addSpecial: false, parseSpecial: true) == [0])
    #expect(tokenizer.encode("a>b<a", addSpecial: false, parseSpecial: true) == [3, 1])
  }
}
