// Prints the instruction set that was chosen and a hash of every kernel's results. Tests compare the
// output between instruction sets, and between this processor and emulated older ones.
import Kernels

do {
  let threads = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1
  let backend = try Backend(threads: threads)
  print("isa \(backend.isa.rawValue)")
  var run = HashRun(backend: backend)
  run.all()
} catch {
  print("error: \(error)")
}
