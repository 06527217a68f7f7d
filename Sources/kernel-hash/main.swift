// Prints the instruction set that was chosen and a hash of every kernel's results. Tests compare the
// output between instruction sets, and between this processor and emulated others. Compiled as Embedded
// Swift too (Scripts/neon-hash), so it does without what that lacks: arguments, reflection, existentials.
import Kernels

#if hasFeature(Embedded)
  let threads = 2
#else
  let threads = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1
#endif

do throws(KernelError) {
  let backend = try Backend(threads: threads)
  print("isa \(backend.isa.rawValue)")
  var run = HashRun(backend: backend)
  run.all()
} catch {
  print("error: \(error.description)")
}
