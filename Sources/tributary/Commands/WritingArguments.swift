import Agent
import ArgumentParser
import Foundation
import GGUF

/// Options of the commands that write a model file.
struct WritingArguments: ParsableArguments {
  @Option(name: [.short, .long], help: "Threads (0: one per core).")
  var threads = 0

  @Flag(help: "Replace the file if there is one.")
  var force = false

  var count: Int {
    threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount
  }

  /// Refuses an existing file before any work is done.
  func check(_ output: String) throws {
    guard (0...1024).contains(threads) else {
      throw ValidationError("--threads: found \(threads), expected 0 to 1024")
    }
    if !force, FileManager.default.fileExists(atPath: output) {
      throw AgentError(
        .cannotCreate, "\(output): there is a file of that name",
        hint: "another name, or --force to replace it")
    }
  }
}

/// The name of a recipe on the command line.
struct RecipeArgument: ExpressibleByArgument {
  let recipe: QuantizationRecipe

  init?(argument: String) {
    guard let recipe = QuantizationRecipe(named: argument) else { return nil }
    self.recipe = recipe
  }

  static let names = QuantizationRecipe.all.map(\.name).joined(separator: ", ")
  static var allValueStrings: [String] { QuantizationRecipe.all.map(\.name) }
}

/// One line on a terminal that says how far the writing has come; nothing elsewhere.
final class ProgressLine {
  private static let isShown = isatty(STDERR_FILENO) == 1
  private var shown = -1

  func show(_ progress: ModelWriter.Progress) {
    let percent = progress.bytesDone * 100 / max(1, progress.bytesTotal)
    guard Self.isShown, percent != shown else { return }
    shown = percent
    write("\r\u{1B}[K\(percent) %  \(progress.tensor)")
  }

  func end() {
    if Self.isShown, shown >= 0 { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}

/// Names the tensors whose rows are not whole blocks of the form that the recipe asks for.
func noteFallbacks(_ fallbacks: [(name: String, asked: TensorType, type: TensorType)]) {
  let groups = Dictionary(grouping: fallbacks) { "\($0.asked.name) -> \($0.type.name)" }
  for (change, tensors) in groups.sorted(by: { $0.key < $1.key }) {
    Terminal.note(
      "note: rows of \(counted(tensors.count, "tensor")) (\(tensors[0].name), ...) are not whole "
        + "blocks of \(tensors[0].asked.name): \(change)")
  }
}

func megabytes(_ bytes: Int) -> String {
  String(format: "%.1f MB", Double(bytes) / 1e6)
}
