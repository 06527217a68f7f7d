import Foundation
import GGUF
import Kernels
import Testing

@testable import Inference

/// Model files that are cut short between opening and the end of loading.
@Suite struct ShrinkingModelTests {
  private func copy() throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "tributary-\(UUID().uuidString)-shrinking.gguf").path
    try FileManager.default.copyItem(atPath: Fixture.path("tiny-mixed.gguf"), toPath: path)
    return path
  }

  @Test(arguments: [0.0, 0.2, 0.5, 0.99])
  func aFileCutAfterOpeningIsAnError(fraction: Double) throws {
    let path = try copy()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try GGUFFile(path: path)
    let size = try #require(
      FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    try #require(truncate(path, Int(Double(size) * fraction)) == 0)
    #expect {
      try LanguageModel.load(file: file, backend: Backend(threads: 2))
    } throws: { error in
      "\(error)".contains(path) && "\(error)".contains("shrank")
    }
  }

  /// A thread cuts the file before or during the load, which ends in a model or in an error.
  @Test func aFileCutWhileLoadingNeverEndsTheProcess() throws {
    let backend = try Backend(threads: 2)
    let whole = try TestModels.tiny("tiny-mixed").fingerprint()
    var failures = 0
    for round in 0..<60 {
      let path = try copy()
      defer { try? FileManager.default.removeItem(atPath: path) }
      let cutter = Thread {
        usleep(useconds_t(round * 40))
        truncate(path, round % 3 * 5000)
      }
      cutter.start()
      // Every other round the file is short before it is opened.
      while round % 2 == 0 && !cutter.isFinished { usleep(100) }
      do {
        let model = try LanguageModel.load(path: path, backend: backend)
        #expect(try model.fingerprint() == whole)
      } catch {
        failures += 1
        #expect("\(error)".contains(path))
      }
      while !cutter.isFinished { usleep(100) }
    }
    #expect(failures >= 30)
  }
}
