#define _GNU_SOURCE
#include "CEdit.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

struct line_editor {
  EditLine *edit;
  History *history;
  char *history_path;
  const char *prompt;
  int interrupted;
};

// A signal may reach any thread, so it does not always interrupt the read: it writes here instead.
static int wake_pipe[2] = {-1, -1};

void line_editor_interrupt(void) {
  int before = errno;
  if (wake_pipe[1] >= 0) (void)!write(wake_pipe[1], "", 1);
  errno = before;
}

static void drain_wake_pipe(void) {
  char drained[64];
  while (read(wake_pipe[0], drained, sizeof drained) > 0) continue;
}

// Waits for input; -1 if it was interrupted first.
static int wait_for_input(void) {
  struct pollfd sources[2] = {{STDIN_FILENO, POLLIN, 0}, {wake_pipe[0], POLLIN, 0}};
  for (;;) {
    if (poll(sources, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    if (sources[1].revents & POLLIN) {
      drain_wake_pipe();
      return -1;
    }
    if (sources[0].revents) return 0;
  }
}

static const char *current_prompt(EditLine *edit) {
  line_editor *editor = NULL;
  el_get(edit, EL_CLIENTDATA, &editor);
  return editor ? editor->prompt : "";
}

// Reads one character of the locale's encoding, unless ^C comes first.
static int read_character(EditLine *edit, wchar_t *character) {
  line_editor *editor = NULL;
  el_get(edit, EL_CLIENTDATA, &editor);
  mbstate_t state;
  memset(&state, 0, sizeof state);
  for (;;) {
    char byte;
    if (wait_for_input() < 0) {
      if (editor) editor->interrupted = 1;
      return -1;
    }
    ssize_t count = read(STDIN_FILENO, &byte, 1);
    if (count <= 0) return (int)count;
    size_t used = mbrtowc(character, &byte, 1, &state);
    if (used == (size_t)-2) continue;
    if (used == (size_t)-1) *character = L'?';
    return 1;
  }
}

line_editor *line_editor_open(const char *program, const char *history_path) {
  line_editor *editor = calloc(1, sizeof *editor);
  if (!editor) return NULL;
  if (wake_pipe[0] < 0 && pipe2(wake_pipe, O_NONBLOCK | O_CLOEXEC) != 0) {
    free(editor);
    return NULL;
  }
  setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8");
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
  el_set(editor->edit, EL_GETCFN, read_character);
  el_set(editor->edit, EL_HIST, history, editor->history);
  el_set(editor->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
  el_source(editor->edit, NULL);
  return editor;
}

const char *line_editor_read(line_editor *editor, const char *prompt, int *interrupted) {
  int count = 0;
  editor->prompt = prompt;
  editor->interrupted = 0;
  drain_wake_pipe();  // ^C before this line was meant for something else
  const char *line = el_gets(editor->edit, &count);
  *interrupted = editor->interrupted;
  if (!editor->interrupted) return line;
  el_reset(editor->edit);  // libedit hands out what was typed so far; ^C throws it away
  return NULL;
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
