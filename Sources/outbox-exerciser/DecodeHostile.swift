import ArgumentParser
import OutboxFaults
import Zstd

/// Measures how long zstd frames of at most 64 KiB can take.
struct DecodeHostile: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the time that hostile zstd frames of at most 64 KiB take to decode.")

  @Option(help: "How often each frame is decoded.")
  var times = 200

  func run() throws {
    for (name, frame) in HostileFrames.all {
      var durations: [Duration] = []
      var isRefused = false
      for _ in 0..<times {
        durations.append(
          ContinuousClock().measure {
            isRefused = (try? Zstd.decompress(frame, maximumBytes: 1 << 20)) == nil
          })
      }
      durations.sort()
      say(
        "\(name): \(frame.count) bytes, \(isRefused ? "refused" : "decoded"), median "
          + "\(durations[times / 2]), longest \(durations[times - 1])")
    }
  }
}
