import ArgumentParser
import Foundation
import GGUF
import Inference

extension ModelCommand {
  struct Quantize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Store a model in a smaller form.",
      discussion: """
        TYPE is one of \(RecipeArgument.names). The mixes give the \
        tensors that matter most more bits.
        """)

    @Argument(help: "The GGUF file to read; best one that is not quantised yet.")
    var input: String

    @Argument(help: "The GGUF file to write.")
    var output: String

    @Argument(help: "The form, such as Q8_0 or Q4_K_M.")
    var type: RecipeArgument

    @OptionGroup var writing: WritingArguments

    func run() async throws {
      try writing.check(output)
      let quantizer = try ModelQuantizer(
        file: GGUFFile(path: ModelLocator.find(input)), recipe: type.recipe)
      let (before, after) = quantizer.byteCounts
      warn(quantizer)
      let progress = ProgressLine()
      try quantizer.write(
        to: output, replacing: writing.force, threads: writing.count,
        progress: { progress.show($0) })
      progress.end()
      print("\(output): \(type.recipe.name), \(megabytes(before)) -> \(megabytes(after))")
      let forms = Dictionary(grouping: quantizer.choices, by: \.to.name).mapValues(\.count)
      print(
        "tensors: " + forms.sorted { $0.key < $1.key }.map { "\($1) \($0)" }.joined(separator: ", ")
      )
    }

    private func warn(_ quantizer: ModelQuantizer) {
      let again = quantizer.requantised
      if let first = again.first {
        Terminal.note(
          "warning: \(counted(again.count, "tensor")) already quantised (\(first.name) is "
            + "\(first.from.name)) and lose a second time\n  try: a file in F16, BF16 or F32")
      }
      noteFallbacks(
        quantizer.fallbacks.compactMap { choice in
          choice.instead.map { (choice.name, $0, choice.to) }
        })
    }
  }
}
