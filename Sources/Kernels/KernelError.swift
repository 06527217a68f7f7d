/// Why the engine's kernels cannot be set up as asked.
package struct KernelError: Error, CustomStringConvertible, Equatable {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
