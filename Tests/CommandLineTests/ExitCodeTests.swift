import Foundation
import GGUF
import TestSupport
import Testing

/// Exit codes after sysexits, and words that say what to do.
@Suite struct ExitCodeTests {
  @Test(arguments: [
    ["--help"], ["ask", "--help"], ["why", "--help"], ["chat", "--help"], ["add", "--help"],
    ["shard", "--help"], ["shard", "pack", "--help"], ["shard", "verify", "--help"],
    ["shard", "install", "--help"], ["shard", "list", "--help"], ["shard", "show", "--help"],
    ["shard", "remove", "--help"], ["shard", "register", "--help"], ["key", "--help"],
    ["key", "init", "--help"], ["key", "show", "--help"], ["trace", "--help"],
    ["trace", "list", "--help"], ["trace", "show", "--help"], ["trace", "verify", "--help"],
    ["trace", "export", "--help"], ["sync", "--help"], ["statement", "--help"],
    ["agent", "--help"], ["page", "--help"], ["model", "--help"], ["model", "info", "--help"],
    ["model", "fingerprint", "--help"], ["model", "quantize", "--help"],
    ["model", "import", "--help"], ["bench", "--help"], ["config", "--help"],
    ["config", "list", "--help"], ["config", "set", "--help"],
  ])
  func everyCommandExplainsItself(_ arguments: [String]) throws {
    let tool = try Tool()
    let result = try tool.run("tributary", arguments)
    #expect(result.status == 0)
    #expect(result.output.contains("USAGE:"))
  }

  @Test func aWrongCommandLineIsAUsageError() throws {
    let tool = try Tool()
    #expect(try tool.tributary("frobnicate").status == 64)
    #expect(try tool.tributary("ask").status == 64)
    #expect(try tool.tributary("ask", "--min-p", "7", "why?").status == 64)
    #expect(try tool.tributary("config", "set", "nonsense", "1").status == 64)
    #expect(try tool.tributary("config", "set", "passages", "900").status == 64)
    let context = try tool.tributary("config", "set", "context", "together")
    #expect(context.status == 64)
    #expect(
      context.errors.contains("context: found 'together', expected joint or independent"),
      "\(context.errors)")
    #expect(try tool.tributary("ask", "--context", "together", "why?").status == 64)
    #expect(try tool.tributary("config", "set", "ledger", "ftp://somewhere").status == 64)
  }

  @Test func missingInputIsNamed() throws {
    let tool = try Tool()
    let verify = try tool.tributary("shard", "verify", "nowhere.shard")
    #expect(verify.status == 66)
    #expect(verify.errors.contains("nowhere.shard"))
    let key = try tool.tributary("key", "show")
    #expect(key.status == 66)
    #expect(key.errors.contains("tributary key init"))
    #expect(try tool.tributary("why").status == 66)
    #expect(try tool.tributary("trace", "show", "0123").status == 66)
    #expect(try tool.tributary("ask", "--model", "/nowhere.gguf", "why?").status == 66)
  }

  /// The file has no weights at all: whoever looks for them first says something else.
  @Test func anUnsupportedChatTemplateIsNamedBeforeWeightsAreRead() throws {
    let tool = try Tool()
    var writer = GGUFWriter()
    writer.add("general.architecture", .string("llama"))
    writer.add("tokenizer.chat_template", .string("{{ strange }}"))
    let model = tool.file("strange.gguf").path
    try writer.write(to: model)
    let note = try tool.write("The bakery opens at six.\n", to: "note.md")
    #expect(try tool.tributary("key", "init", "--name", "A").status == 0)
    let add = try tool.tributary("add", note.path)
    #expect(add.status == 0, "\(add.errors)")
    let result = try tool.tributary("ask", "--model", model, "When does the bakery open?")
    #expect(result.status == 65)
    #expect(
      result.errors.contains("strange.gguf: tokenizer.chat_template: found \"{{ strange }}\""),
      "\(result.errors)")
  }

  @Test func aKeyIsNeverReplaced() throws {
    let tool = try Tool()
    #expect(try tool.tributary("key", "init", "--name", "A").status == 0)
    let before = try tool.tributary("key", "show").output
    #expect(try tool.tributary("key", "init", "--name", "B").status == 73)
    #expect(try tool.tributary("key", "show").output == before)
  }

  @Test func damagedSettingsAreNamedAndLeftAlone() throws {
    let tool = try Tool()
    let file = try tool.write("{\"passages\": \"many\"}", to: "home/config.json")
    let result = try tool.tributary("config", "list")
    #expect(result.status == 65)
    #expect(result.errors.contains("passages"))
    #expect(result.errors.contains("config.json"))
    #expect(try String(contentsOf: file, encoding: .utf8) == "{\"passages\": \"many\"}")
    _ = try tool.write("{\"context\": \"together\"}", to: "home/config.json")
    let mode = try tool.tributary("config", "list")
    #expect(mode.status == 65)
    #expect(
      mode.errors.contains("config.json: context: found 'together', expected joint or independent"),
      "\(mode.errors)")
  }

  @Test func syncWithoutALedgerSaysSo() throws {
    let tool = try Tool()
    let result = try tool.tributary("sync")
    #expect(result.status == 69)
    #expect(result.errors.contains("config set ledger"))
  }

  @Test func offlineRefusesTheNetwork() throws {
    let tool = try Tool()
    #expect(try tool.tributary("config", "set", "ledger", "http://127.0.0.1:9").status == 0)
    #expect(try tool.tributary("config", "set", "offline", "true").status == 0)
    let result = try tool.tributary("sync")
    #expect(result.status == 69)
    #expect(result.errors.contains("offline"))
  }

  @Test func anUnreachableLedgerIsTemporary() throws {
    let tool = try Tool()
    #expect(try tool.tributary("config", "set", "ledger", "http://127.0.0.1:9").status == 0)
    let result = try tool.tributary(
      "statement", "--period", "2026-01", String(repeating: "a", count: 64))
    #expect(result.status == 75)
    #expect(result.errors.contains("refused"))
  }
}
