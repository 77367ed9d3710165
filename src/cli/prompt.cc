#include "cli/prompt.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <histedit.h>

#include "base/text.h"
#include "cli/line_editor.h"
#include "cli/output.h"

namespace pregao::cli {
namespace {

std::filesystem::path HistoryFile() {
  const char* const state = std::getenv("XDG_STATE_HOME");
  const char* const home = std::getenv("HOME");
  if (state != nullptr && *state != '\0') return std::filesystem::path(state) / "pregao" / "history";
  if (home != nullptr && *home != '\0') return std::filesystem::path(home) / ".local/state/pregao/history";
  return {};
}

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
  TRY_ASSIGN(const auto editor, LineEditor::Open(HistoryFile()));
  TRY(WriteOut(
      fmt::format("pregao SQL over {}. Tables: bronze, silver, quarantine. .help for help.\n", context.settings.lake)));
  std::atomic<bool> running = false;  // whether Ctrl-C is for a statement or for the line
  const InterruptHandler interrupt([&] { running ? session->Interrupt() : editor->Interrupt(); });
  const std::stop_callback leave(context.stop, [&] {
    session->Interrupt();
    editor->Interrupt();
  });
  std::string sql;
  while (!context.stop.stop_requested()) {
    const auto line = editor->Read(sql.empty() ? "pregao> " : "   ...> ");
    if (!line) break;
    if (line->interrupted) {
      sql.clear();
      continue;
    }
    const auto start = line->text.find_first_not_of(" \t\r\n");
    if (sql.empty() && start == std::string::npos) continue;
    if (sql.empty() && line->text[start] == '.') {
      editor->Remember(line->text.substr(start, line->text.find_last_not_of(" \t\r\n") + 1 - start));
      TRY_ASSIGN(const Next next, DotCommand(session, line->text.substr(start)));
      if (next == Next::kLeave) return ExitCode::kOk;
      continue;
    }
    sql += line->text;
    if (!IsComplete(sql)) continue;
    editor->Remember(sql.substr(0, sql.find_last_not_of(" \t\r\n") + 1));
    running = true;
    const Status status = RunTyped(session, sql, format);
    running = false;
    TRY(status);
    sql.clear();
  }
  TRY(WriteOut("\n"));
  return ExitCode::kOk;
}

}  // namespace pregao::cli
