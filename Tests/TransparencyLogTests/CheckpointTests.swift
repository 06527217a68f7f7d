import Crypto
import Testing

@testable import TransparencyLog

@Suite struct CheckpointTests {
  static let text =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

  @Test func `the example of the checkpoint specification is read and written back`() throws {
    let line =
      "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    let note = try SignedNote(encoded: Array((Self.text + "\n" + line).utf8))
    let checkpoint = try Checkpoint(text: note.text)
    #expect(checkpoint.origin == "example.com/behind-the-sofa")
    #expect(checkpoint.size == 20_852_163)
    #expect(checkpoint.text == Self.text)
  }

  @Test func `a checkpoint is believed only when the log's own key signed it`() throws {
    let log = try NoteSigner(name: "example.com/log", key: .init())
    let other = try NoteSigner(name: "example.com/log", key: .init())
    let checkpoint = Checkpoint(origin: "example.com/log", size: 7, root: .leaf([1]))
    let note = try checkpoint.sign(by: log)
    #expect(Checkpoint.verify(note, by: log.verifier) == .valid(checkpoint))
    #expect(Checkpoint.verify(note, by: other.verifier) != .valid(checkpoint))
  }

  @Test func `a checkpoint of another origin is refused although the key fits`() throws {
    let log = try NoteSigner(name: "example.com/log", key: .init())
    let note = try Checkpoint(origin: "example.com/other", size: 7, root: .leaf([1])).sign(by: log)
    #expect(
      Checkpoint.verify(note, by: log.verifier)
        == .invalid(reason: "checkpoint origin is example.com/other, expected example.com/log"))
  }

  @Test(arguments: [
    "", "a\n1\n", "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    "a\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    "a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    "a\n18446744073709551616\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n", "a\n1\nCsUY\n",
    "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
    "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\nx\n",
  ]) func `a malformed checkpoint is refused`(text: String) {
    #expect(throws: NoteError.self) { try Checkpoint(text: text) }
  }

  @Test func `extension lines are allowed`() throws {
    #expect(try Checkpoint(text: Self.text + "extension\n").size == 20_852_163)
  }
}
