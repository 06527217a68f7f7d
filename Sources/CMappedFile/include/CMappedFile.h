// Mappings of files that survive it when the file shrinks.
//
// Touching a mapped page that its file no longer has raises SIGBUS, which ends the process. The handler
// here puts zeros under the whole of the mapping that was touched, marks it as damaged and lets the
// reader go on; the reader asks afterwards whether what it read was the file. A SIGBUS from anywhere else
// goes to the handler that was there before, or ends the process as it would have without this one.
#pragma once
#include <stdbool.h>
#include <stddef.h>

/// A mapping that the handler watches over.
typedef struct cm_mapping cm_mapping;

/// Watches over `[base, base + length)`, a mapping from `mmap`, and installs the handler the first time.
///
/// Call it before the first access. NULL without memory or when the handler cannot be installed, with
/// the reason in `errno`.
cm_mapping *cm_watch(const void *base, size_t length);

/// Whether an access met a page that its file no longer had, or that could not be read from its disk.
///
/// Meaningful after the access, on the thread that made it.
bool cm_is_damaged(const cm_mapping *mapping);

/// Ends watching; call it before `munmap`, when no thread reads the mapping any more.
void cm_unwatch(cm_mapping *mapping);

/// Asks the system for its largest pages under `[base, base + length)`, where files have them.
void cm_prefer_large_pages(const void *base, size_t length);

/// Maps the pages of a range before they are touched, which is cheaper than page by page.
///
/// A hint: what the system does not do now it does at the first access.
void cm_populate(const void *base, size_t length);
