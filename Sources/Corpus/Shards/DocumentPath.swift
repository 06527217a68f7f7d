/// The rules for the path of a document inside a shard.
package enum DocumentPath {
  /// Says what is wrong with `path`, or nil.
  ///
  /// A path is relative, has no `.`, `..` or empty component, no control or bidirectional
  /// character, and is short enough for every file system.
  package static func problem(_ path: String, limits: ShardLimits = .standard) -> String? {
    if path.hasPrefix("/") { return "an absolute path" }
    if path.contains("\\") { return "a backslash" }
    if let problem = DisplayText.problem(path, maximumBytes: limits.pathBytes) { return problem }
    for component in path.split(separator: "/", omittingEmptySubsequences: false) {
      switch component {
      case "": return "an empty path component"
      case ".": return "the path component ."
      case "..": return "the path component .., which leaves the shard"
      default:
        if component.utf8.count > 255 { return "a path component of \(component.utf8.count) bytes" }
      }
    }
    return nil
  }

  /// Whether Tributary reads a file of this name as a document.
  package static func isDocument(_ name: String) -> Bool {
    let lower = name.lowercased()
    return [".md", ".markdown", ".txt"].contains { lower.hasSuffix($0) && lower != $0 }
  }
}
