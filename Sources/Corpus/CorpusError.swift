import Foundation

/// A file or record that is not what it should be.
package struct CorpusError: Error, Equatable, Sendable, CustomStringConvertible {
  package let file: String
  package let field: String
  package let found: String
  package let expected: String

  package init(_ file: String, field: String, found: String, expected: String) {
    self.file = file
    self.field = field
    self.found = found
    self.expected = expected
  }

  package var description: String { "\(file): \(field): found \(found), expected \(expected)" }
}

/// A system call on a file that failed.
package struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  package let operation: String
  package let path: String
  /// The value of `errno`.
  package let code: Int32

  package init(_ operation: String, _ path: String, code: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  package var isMissing: Bool { code == ENOENT }
  package var isExisting: Bool { code == EEXIST }
  package var description: String {
    "\(path): cannot \(operation): \(String(cString: strerror(code)))"
  }
}

/// Rules for short texts from strangers that are shown on a terminal: names and licences.
package enum DisplayText {
  /// Says what is wrong with `text`, or nil.
  package static func problem(_ text: String, maximumBytes: Int) -> String? {
    if text.isEmpty { return "an empty text" }
    if text.utf8.count > maximumBytes { return "\(text.utf8.count) bytes" }
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned:
        return "the character U+" + String(scalar.value, radix: 16, uppercase: true)
      default: continue
      }
    }
    return text.first == " " || text.last == " " ? "a space at an end" : nil
  }
}
