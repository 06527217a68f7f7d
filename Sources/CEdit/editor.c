#include "CEdit.h"

#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct line_editor {
  EditLine *edit;
  History *history;
  char *history_path;
  const char *prompt;
};

static const char *current_prompt(EditLine *edit) {
  line_editor *editor = NULL;
  el_get(edit, EL_CLIENTDATA, &editor);
  return editor ? editor->prompt : "";
}

line_editor *line_editor_open(const char *program, const char *history_path) {
  line_editor *editor = calloc(1, sizeof *editor);
  if (!editor) return NULL;
  editor->edit = el_init(program, stdin, stdout, stderr);
  editor->history = history_init();
  if (!editor->edit || !editor->history) {
    line_editor_close(editor);
    return NULL;
  }
  HistEvent event;
  history(editor->history, &event, H_SETSIZE, 1000);
  history(editor->history, &event, H_SETUNIQUE, 1);
  if (history_path) {
    editor->history_path = strdup(history_path);
    history(editor->history, &event, H_LOAD, history_path);
  }
  el_set(editor->edit, EL_CLIENTDATA, editor);
  el_set(editor->edit, EL_EDITOR, "emacs");
  el_set(editor->edit, EL_PROMPT, current_prompt);
  el_set(editor->edit, EL_HIST, history, editor->history);
  el_set(editor->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
  el_source(editor->edit, NULL);
  return editor;
}

const char *line_editor_read(line_editor *editor, const char *prompt, int *interrupted) {
  int count = 0;
  editor->prompt = prompt;
  errno = 0;
  const char *line = el_gets(editor->edit, &count);
  *interrupted = line == NULL && (count < 0 || errno == EINTR);
  if (*interrupted) el_reset(editor->edit);
  return line;
}

void line_editor_remember(line_editor *editor, const char *line) {
  HistEvent event;
  history(editor->history, &event, H_ENTER, line);
  if (!editor->history_path) return;
  mode_t before = umask(077);
  history(editor->history, &event, H_SAVE, editor->history_path);
  umask(before);
}

void line_editor_close(line_editor *editor) {
  if (!editor) return;
  if (editor->edit) el_end(editor->edit);
  if (editor->history) history_end(editor->history);
  free(editor->history_path);
  free(editor);
}
