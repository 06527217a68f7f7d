// What the tests of ledgers share is there in every file of this target.
@_exported import LedgerTestSupport
@_exported import TestSupport
