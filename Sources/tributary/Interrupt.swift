import CEdit
import Glibc
import Synchronization

/// `^C`: raises a flag that the answer loop looks at, and lets a blocked read return.
enum Interrupt {
  private static let raised = Atomic<Bool>(false)

  /// True once since the last `clear`, when `^C` was pressed.
  static var isRaised: Bool { raised.load(ordering: .acquiring) }

  static func clear() { raised.store(false, ordering: .releasing) }

  /// Catches SIGINT; a read of the line editor that is under way returns.
  static func install() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      Interrupt.raised.store(true, ordering: .releasing)
      line_editor_interrupt()
    }
    sigemptyset(&action.sa_mask)
    action.sa_flags = 0
    sigaction(SIGINT, &action, nil)
  }
}
