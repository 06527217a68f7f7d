// A line editor with history over libedit, whose own configuration calls are variadic and therefore
// out of Swift's reach.
#pragma once

typedef struct line_editor line_editor;

/// Opens an editor on the standard streams; `history_path` may be NULL. Returns NULL without memory
/// or terminal.
line_editor *line_editor_open(const char *program, const char *history_path);

/// Reads one line, which stays valid until the next call. NULL: `*interrupted` tells an interrupted
/// read (1) from the end of input (0).
const char *line_editor_read(line_editor *editor, const char *prompt, int *interrupted);

/// Ends a read under way as interrupted. Safe to call from a signal handler.
void line_editor_interrupt(void);

/// Adds a line to the history and writes the history file (at most 1,000 lines, mode 0600).
void line_editor_remember(line_editor *editor, const char *line);

void line_editor_close(line_editor *editor);
