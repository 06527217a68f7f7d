import Foundation

/// Finds model files without configuration, from a build folder and from an installed binary.
package enum ModelLocator {
  /// The path of a model given by name (`reader`, `embedding`: `<name>.gguf`) or by path.
  ///
  /// What holds a slash or ends in `.gguf` is a path. A name is looked for in the folder that
  /// `TRIBUTARY_MODELS` names, then in `share/tributary/Models` beside the executable's folder, then
  /// in `Models` of every folder from the executable's up to the root. The first hit wins.
  package static func find(_ name: String) throws -> String {
    try find(
      name, environment: ProcessInfo.processInfo.environment, executable: executablePath())
  }

  static func find(
    _ name: String, environment: [String: String], executable: String?
  ) throws -> String {
    let isPath = name.contains("/") || name.hasSuffix(".gguf")
    let candidates =
      isPath ? [name] : folders(environment, executable).map { "\($0)/\(name).gguf" }
    for candidate in candidates where isFile(candidate) { return candidate }
    throw InferenceError.modelNotFound(name: name, searched: candidates)
  }

  private static func folders(_ environment: [String: String], _ executable: String?) -> [String] {
    var result: [String] = []
    if let folder = environment["TRIBUTARY_MODELS"], !folder.isEmpty { result.append(folder) }
    guard let executable else { return result }
    var folder = URL(fileURLWithPath: executable).deletingLastPathComponent().standardized
    result.append(folder.deletingLastPathComponent().path + "/share/tributary/Models")
    while true {
      let parent = folder.deletingLastPathComponent()
      result.append((folder.path == "/" ? "" : folder.path) + "/Models")
      if parent.path == folder.path || folder.path == "/" { return result }
      folder = parent
    }
  }

  private static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && !isFolder.boolValue
  }

  /// The running program with symbolic links resolved, so that a link in `~/bin` finds its models.
  private static func executablePath() -> String? {
    let resolved = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return resolved ?? Bundle.main.executablePath
  }
}
