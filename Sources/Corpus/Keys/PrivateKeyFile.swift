/// A private key as text, in a file of its owner alone.
package enum PrivateKeyFile {
  private static let maximumBytes = 4096

  /// Reads the text and refuses a file that anybody but its owner may open.
  package static func read(_ path: String) throws -> String {
    let file = try OpenFile(reading: path)
    guard file.permissions & 0o077 == 0 else {
      throw CorpusError(
        path, field: "permissions", found: "0" + String(file.permissions, radix: 8),
        expected: "0600; run: chmod 600 \(path)")
    }
    return String(decoding: try file.readAll(maximumBytes: maximumBytes), as: UTF8.self)
  }

  /// Writes the text in one step and refuses to replace a file that exists.
  package static func create(_ text: String, at path: String) throws {
    try DurableFile.write(Array(text.utf8), to: path, permissions: 0o600, replacing: false)
  }
}
