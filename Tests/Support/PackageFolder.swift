import Foundation

/// Where this package lies, and the programs that SwiftPM builds of it, beside the tests.
package enum PackageFolder {
  package static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()

  package static func program(_ name: String) -> URL { products.appending(path: name) }

  /// The path of a program, if it was built.
  package static func builtProgram(_ name: String) -> String? {
    let path = program(name).path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }
}
