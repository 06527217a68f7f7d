import Foundation
import FuzzTargets
import Testing

/// What fuzzing has found so far, again, and a second of blind changes to it for each target.
@Suite(.serialized) struct ReplayTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Corpus")

  private func corpus(_ target: FuzzTarget) throws -> [[UInt8]] {
    try Corpus(contentsOf: Self.folder.appending(path: "\(target.rawValue).corpus")).inputs
  }

  private func run(_ target: FuzzTarget, _ input: [UInt8]) {
    input.withUnsafeBytes { target.run($0) }
  }

  @Test(arguments: FuzzTarget.allCases)
  func theCorpusEndsInValuesOrErrors(target: FuzzTarget) throws {
    let inputs = try corpus(target)
    #expect(inputs.count > 20)
    for input in inputs + target.seeds { run(target, input) }
  }

  /// Time bounds the number of changes, the seed decides which.
  @Test(arguments: FuzzTarget.allCases)
  func changedInputsEndInValuesOrErrors(target: FuzzTarget) throws {
    let inputs = try corpus(target) + target.seeds
    var mutator = Mutator(seed: 3)
    var executions = 0
    let end = ContinuousClock.now + .seconds(1)
    while ContinuousClock.now < end {
      let input = mutator.next(from: inputs)
      let start = ContinuousClock.now
      run(target, input)
      // A stalled machine may hold up one input, but not for so long.
      #expect(ContinuousClock.now - start < .seconds(10), "a slow input of \(input.count) bytes")
      executions += 1
    }
    #expect(executions > 100)
  }
}
