import Corpus
import Foundation

/// Where a person's settings lie: `config.json` in the configuration folder.
package struct SettingsFile: Sendable {
  package let path: String

  package init(path: String) {
    self.path = path
  }

  /// The settings file of the home that the environment names.
  package static func located() throws -> SettingsFile {
    SettingsFile(path: try Home.locate().config + "/config.json")
  }

  /// Reads the file; a missing one means plain settings.
  package func load() throws -> AgentSettings {
    guard let data = FileManager.default.contents(atPath: path) else { return AgentSettings() }
    do {
      return try JSONDecoder().decode(AgentSettings.self, from: data)
    } catch let error as DecodingError {
      throw AgentError(
        .badData, "\(path): \(Self.words(error))",
        hint: "mend the file, or remove it to start from plain settings")
    }
  }

  /// Replaces the file in one step.
  package func save(_ settings: AgentSettings) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try DurableFile.createFolder(DurableFile.parent(of: path), permissions: 0o700)
    try DurableFile.write(
      Array(try encoder.encode(settings)) + [0x0A], to: path, permissions: 0o600, replacing: true)
  }

  private static func words(_ error: DecodingError) -> String {
    switch error {
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "\(field(context)): expected \(type)"
    case .keyNotFound(let key, _): "\(key.stringValue): missing"
    case .dataCorrupted(let context) where !context.codingPath.isEmpty:
      "\(field(context)): \(context.debugDescription)"
    case .dataCorrupted(let context): "not valid JSON: \(context.debugDescription)"
    @unknown default: "\(error)"
    }
  }

  private static func field(_ context: DecodingError.Context) -> String {
    context.codingPath.map(\.stringValue).joined(separator: ".")
  }
}
