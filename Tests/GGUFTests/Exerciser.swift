import Foundation
import TestSupport
import Testing

/// The program that does what a test could not survive; SwiftPM builds it with the tests.
enum Exerciser {
  static let need: Comment = "needs the product gguf-exerciser beside the tests"

  static let path = PackageFolder.builtProgram("gguf-exerciser")

  enum End: Equatable { case exit(Int32), signal(Int32) }

  /// How the program ended, and what it wrote.
  static func run(_ arguments: [String]) throws -> (end: End, output: String) {
    let path = try #require(path)
    let written = temporaryPath("output")
    defer { try? FileManager.default.removeItem(atPath: written) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, written, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    // Swift's backtracer would be an earlier handler, and it swallows signals that were sent.
    var environment = [strdup("SWIFT_BACKTRACE=enable=no"), nil]
    defer { free(environment[0]) }
    var child: pid_t = 0
    try #require(posix_spawn(&child, path, &actions, nil, &words, &environment) == 0)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 { try #require(errno == EINTR) }
    let signal = status & 0x7F
    let output = try String(contentsOfFile: written, encoding: .utf8)
    return (signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal), output)
  }
}
