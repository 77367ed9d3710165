#include "cli/line_editor.h"

#include <cerrno>
#include <clocale>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <histedit.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/output.h"

namespace pregao::cli {
namespace {
constexpr int kHistoryLines = 1000;
}  // namespace

struct LineEditor::State {
  std::filesystem::path file;
  History* past = nullptr;
  EditLine* el = nullptr;
  int wake = -1;  // an eventfd: not zero when interrupted
  const char* prompt = "";
  bool interrupted = false;
  std::mbstate_t bytes{};  // of a character that has come in part

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    HistEvent event;
    if (past != nullptr && !file.empty()) history(past, &event, H_SAVE, file.c_str());
    if (el != nullptr) el_end(el);
    if (past != nullptr) history_end(past);
    if (wake >= 0) close(wake);
  }

  static State* Of(EditLine* editor) {
    State* state = nullptr;
    el_get(editor, EL_CLIENTDATA, &state);
    return state;
  }
  static const char* Prompt(EditLine* editor) { return Of(editor)->prompt; }
  static int GetCharacter(EditLine* editor, wchar_t* out) { return Of(editor)->Get(out); }

  // libedit's own reader cannot be woken; this one also ends when interrupted. @return 1, or 0 at the end.
  int Get(wchar_t* out) {
    for (;;) {
      pollfd waits[2] = {{STDIN_FILENO, POLLIN, 0}, {wake, POLLIN, 0}};
      if (poll(waits, 2, -1) < 0 && errno != EINTR) return 0;
      if ((waits[1].revents & POLLIN) != 0) {
        std::uint64_t times = 0;
        interrupted = read(wake, &times, sizeof times) > 0;
        return 0;
      }
      if (waits[0].revents == 0) continue;
      char byte = 0;
      const ssize_t size = read(STDIN_FILENO, &byte, 1);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return 0;
      const std::size_t decoded = std::mbrtowc(out, &byte, 1, &bytes);
      if (decoded == static_cast<std::size_t>(-2)) continue;  // more bytes to come
      if (decoded == static_cast<std::size_t>(-1)) {
        bytes = {};
        continue;  // no character in this locale
      }
      return 1;
    }
  }
};

LineEditor::LineEditor(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineEditor::~LineEditor() = default;

Result<std::unique_ptr<LineEditor>> LineEditor::Open(std::filesystem::path history_file) {
  if (std::setlocale(LC_CTYPE, "") == nullptr) std::setlocale(LC_CTYPE, "C.UTF-8");
  auto state = std::make_unique<State>();
  state->file = std::move(history_file);
  state->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  state->past = history_init();
  state->el = el_init("pregao", stdin, stdout, stderr);
  if (state->wake < 0 || state->past == nullptr || state->el == nullptr) {
    return Status::IOError("the terminal cannot be edited on: ", std::strerror(errno),
                           "; give the SQL as an argument or on standard input");
  }
  HistEvent event;
  history(state->past, &event, H_SETSIZE, kHistoryLines);
  history(state->past, &event, H_SETUNIQUE, 1);
  if (!state->file.empty()) {
    std::error_code error;  // a history that cannot be kept is no reason to stop
    std::filesystem::create_directories(state->file.parent_path(), error);
    history(state->past, &event, H_LOAD, state->file.c_str());
  }
  el_set(state->el, EL_CLIENTDATA, state.get());
  el_set(state->el, EL_PROMPT, &State::Prompt);
  el_set(state->el, EL_EDITOR, "emacs");
  el_set(state->el, EL_HIST, history, state->past);
  el_set(state->el, EL_GETCFN, &State::GetCharacter);
  el_set(state->el, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  return std::unique_ptr<LineEditor>(new LineEditor(std::move(state)));
}

std::optional<LineEditor::Line> LineEditor::Read(const char* prompt) {
  state_->prompt = prompt;
  state_->interrupted = false;
  int size = 0;
  const char* const line = el_gets(state_->el, &size);
  if (state_->interrupted) {
    WriteError("^C\n");
    return Line{"", true};
  }
  if (line == nullptr || size <= 0) return std::nullopt;
  return Line{std::string(line, static_cast<std::size_t>(size)), false};
}

void LineEditor::Remember(std::string statement) {
  for (char& c : statement) {
    if (c == '\n') c = ' ';
  }
  HistEvent event;
  history(state_->past, &event, H_ENTER, statement.c_str());
}

void LineEditor::Interrupt() {
  const std::uint64_t once = 1;
  (void)!write(state_->wake, &once, sizeof once);  // fails only when it is set already
}

}  // namespace pregao::cli
