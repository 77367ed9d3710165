#include <CLI/CLI.hpp>
#include <condition_variable>
#include <mutex>
#include <spdlog/spdlog.h>

#include "cli/commands.h"
#include "cli/misuse.h"
#include "cli/operations.h"

namespace pregao::cli {
namespace {

Result<ExitCode> RunServe(const Context& context) {
  if (context.settings.web_listen.empty()) return Misuse("web.listen is \"\": give the page an address");
  TRY_ASSIGN(const auto operations, ServeOperations(context, Serve::kFiguresAndPage, {}));
  if (operations.server == nullptr || operations.page == nullptr) return ExitCode::kFailed;  // the log says why
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait(lock, context.stop, [] { return false; });
  return ExitCode::kOk;
}

}  // namespace

Command ServeCommand() {
  return {"serve",
          "The page alone, over a topic and a lake that something else fills",
          {"pregao serve", "pregao serve --topic kafka://broker/quotes --lake gs://bucket/prefix",
           "pregao serve --web.listen :8686 --web.token \"$(openssl rand -hex 16)\""},
          {"topic", "lake", "watchlist", "portfolio.", "web.", "cache."},
          [](CLI::App*, Context* context) -> Run { return [context] { return RunServe(*context); }; },
          /*reads=*/true};
}

}  // namespace pregao::cli
