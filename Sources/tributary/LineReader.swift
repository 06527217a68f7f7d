import CEdit
import Foundation

/// Lines from a person: edited with history on a terminal, plain from a pipe.
final class LineReader {
  enum Line: Equatable {
    case text(String)
    case interrupted
    case end
  }

  private var editor: OpaquePointer?

  /// `history` is where lines are remembered between sessions, on a terminal only.
  init(history: String?) {
    guard Terminal.inputIsTerminal, Terminal.outputIsTerminal else { return }
    editor = line_editor_open("tributary", history)
  }

  deinit { line_editor_close(editor) }

  var isInteractive: Bool { editor != nil }

  func read(prompt: String) -> Line {
    guard let editor else {
      return readLine(strippingNewline: true).map(Line.text) ?? .end
    }
    var interrupted: Int32 = 0
    guard let line = line_editor_read(editor, prompt, &interrupted) else {
      return interrupted != 0 ? .interrupted : .end
    }
    let text = String(
      decoding: UnsafeRawBufferPointer(start: line, count: strlen(line)), as: UTF8.self)
    return .text(text.trimmingCharacters(in: .newlines))
  }

  func remember(_ line: String) {
    if let editor { line_editor_remember(editor, line) }
  }
}
