#include "cli/prompt.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <histedit.h>

#include "base/text.h"
#include "cli/output.h"

namespace pregao::cli {
namespace {

constexpr int kHistoryLines = 1000;

std::filesystem::path HistoryFile() {
  const char* const state = std::getenv("XDG_STATE_HOME");
  const char* const home = std::getenv("HOME");
  if (state != nullptr && *state != '\0') return std::filesystem::path(state) / "pregao" / "history";
  if (home != nullptr && *home != '\0') return std::filesystem::path(home) / ".local/state/pregao/history";
  return {};
}

// libedit with a history; the terminal is given back when it goes.
class LineEditor {
 public:
  LineEditor() : file_(HistoryFile()), history_(history_init()), el_(el_init("pregao", stdin, stdout, stderr)) {
    HistEvent event;
    history(history_, &event, H_SETSIZE, kHistoryLines);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!file_.empty()) {
      std::error_code error;
      std::filesystem::create_directories(file_.parent_path(), error);
      history(history_, &event, H_LOAD, file_.c_str());
    }
    el_set(el_, EL_CLIENTDATA, this);
    el_set(el_, EL_PROMPT, &ShowPrompt);
    el_set(el_, EL_EDITOR, "emacs");
    el_set(el_, EL_HIST, history, history_);
    // While a line is edited Ctrl-C is a key like others, so that it can drop the line.
    el_set(el_, EL_SETTY, "-d", "-isig", nullptr);
    el_set(el_, EL_ADDFN, "drop-line", "Drop the statement", &DropLine);
    el_set(el_, EL_BIND, "^C", "drop-line", nullptr);
    el_set(el_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  }
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;
  ~LineEditor() {
    HistEvent event;
    if (!file_.empty()) history(history_, &event, H_SAVE, file_.c_str());
    el_end(el_);
    history_end(history_);
  }

  /// The next line with its newline; nullopt at the end of the input. `dropped` says that Ctrl-C ended it.
  std::optional<std::string> Read(const char* prompt, bool* dropped) {
    prompt_ = prompt;
    dropped_ = false;
    int size = 0;
    const char* const line = el_gets(el_, &size);
    *dropped = dropped_;
    if (line == nullptr || size <= 0) return dropped_ ? std::optional<std::string>("") : std::nullopt;
    return std::string(line, static_cast<std::size_t>(size));
  }

  void Remember(std::string statement) {
    for (char& c : statement) {
      if (c == '\n') c = ' ';
    }
    HistEvent event;
    history(history_, &event, H_ENTER, statement.c_str());
  }

 private:
  static LineEditor* Self(EditLine* el) {
    LineEditor* self = nullptr;
    el_get(el, EL_CLIENTDATA, &self);
    return self;
  }
  static const char* ShowPrompt(EditLine* el) { return Self(el)->prompt_; }
  static unsigned char DropLine(EditLine* el, int) {
    Self(el)->dropped_ = true;
    el_set(el, EL_UNBUFFERED, 0);
    std::fputs("^C\n", stdout);
    std::fflush(stdout);
    el_reset(el);
    return CC_EOF;
  }

  const std::filesystem::path file_;
  History* const history_;
  EditLine* const el_;
  const char* prompt_ = "";
  bool dropped_ = false;
};

constexpr std::string_view kHelp =
    "SQL ends with a ';' and may run over several lines. Ctrl-C drops it or stops it; Ctrl-D leaves.\n"
    "  .tables   the tables of the lake, their versions and rows\n"
    "  .help     this\n"
    "  .quit     leave\n";

Status ShowTables(query::Session* session) {
  session->Refresh();
  TextTable table{{{"table", false}, {"version", true}, {"files", true}, {"bytes", true}, {"state", false}}, {}};
  for (const query::TableName& name : query::LakeTables()) {
    const auto shown = session->Shown(name.view);
    const Status problem = session->Problem(name.view);
    if (shown == nullptr) {
      table.rows.push_back({name.view, "", "", "", problem.IsKeyError() ? "absent" : Printable(problem.message())});
      continue;
    }
    std::int64_t bytes = 0;
    for (const auto& file : shown->files) bytes += file->size;
    table.rows.push_back({name.view, std::to_string(shown->version.value),
                          HumanCount(static_cast<std::int64_t>(shown->files.size())), HumanSize(bytes), "ok"});
  }
  return WriteOut(table.ToString());
}

// Runs what was typed. Errors are shown and forgotten; only an output that is gone ends the prompt.
Status RunTyped(query::Session* session, const std::string& sql, const query::FormatOptions& format) {
  const InterruptHandler interrupt([session] { session->Interrupt(); });
  bool output_gone = false;
  const auto sink = [&](std::string_view text) {
    const Status status = WriteOut(text);
    output_gone = !status.ok();
    return status;
  };
  const Status status = [&]() -> Status {
    TRY_ASSIGN(const auto statements, session->Parse(sql));
    for (std::size_t i = 0; i < statements->size(); ++i) {
      TRY_ASSIGN(const auto result, session->Run(statements.get(), i));
      TRY(query::Print(result.get(), format, sink).status());
    }
    return Status::OK();
  }();
  if (output_gone) return status;
  if (!status.ok()) WriteError(Paint(status.message(), Colour::kRed, WantsColour(2)) + "\n");
  return Status::OK();
}

enum class Next { kGoOn, kLeave };

Result<Next> DotCommand(query::Session* session, std::string line) {
  line.erase(line.find_last_not_of(" \t\r\n;") + 1);
  if (line == ".quit" || line == ".exit") return Next::kLeave;
  if (line == ".help") {
    TRY(WriteOut(kHelp));
  } else if (line == ".tables") {
    TRY(ShowTables(session));
  } else {
    const std::vector<std::string> known{".help", ".tables", ".quit"};
    const auto near = NearestName(line, known);
    WriteError(fmt::format("unknown command {}; {}\n", Printable(line),
                           near ? fmt::format("did you mean {}?", *near) : ".help lists them"));
  }
  return Next::kGoOn;
}

}  // namespace

Result<ExitCode> Prompt(query::Session* session, const Context& context, const query::FormatOptions& format) {
  TRY(WriteOut(
      fmt::format("pregao SQL over {}. Tables: bronze, silver, quarantine. .help for help.\n", context.settings.lake)));
  LineEditor editor;
  std::string sql;
  while (!context.stop.stop_requested()) {
    bool dropped = false;
    const auto line = editor.Read(sql.empty() ? "pregao> " : "   ...> ", &dropped);
    if (dropped) {
      sql.clear();
      continue;
    }
    if (!line) break;
    const auto start = line->find_first_not_of(" \t\r\n");
    if (sql.empty() && start == std::string::npos) continue;
    if (sql.empty() && (*line)[start] == '.') {
      editor.Remember(line->substr(start, line->find_last_not_of(" \t\r\n") + 1 - start));
      TRY_ASSIGN(const Next next, DotCommand(session, line->substr(start)));
      if (next == Next::kLeave) return ExitCode::kOk;
      continue;
    }
    sql += *line;
    if (!IsComplete(sql)) continue;
    editor.Remember(sql.substr(0, sql.find_last_not_of(" \t\r\n") + 1));
    TRY(RunTyped(session, sql, format));
    sql.clear();
  }
  TRY(WriteOut("\n"));
  return ExitCode::kOk;
}

}  // namespace pregao::cli
