#include "cli/lake_session.h"

#include <filesystem>

#include "cli/output.h"
#include "lake/object_store.h"

namespace pregao::cli {

Result<std::unique_ptr<query::Session>> OpenSession(const Context& context) {
  const std::string& lake = context.settings.lake;
  std::error_code error;
  if (lake.find("://") == std::string::npos && !std::filesystem::is_directory(lake, error)) {
    return Status::Invalid("there is no lake in ", lake, " yet; `pregao run` or `pregao silver` makes it, ",
                           "--lake names another");
  }
  TRY_ASSIGN(auto store, lake::OpenStore(lake));
  return query::Session::Open(std::move(store), context.clock);
}

void FormatFlags::Declare(CLI::App* app) {
  app->add_option("--format", format, "table, json or csv (default: table, or json with --json)")
      ->check(CLI::IsMember({"table", "json", "csv"}));
  app->add_option("--limit", limit, "Rows that a table shows; the others are counted")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000}))
      ->capture_default_str();
}

query::FormatOptions FormatFlags::Options(const Context& context, bool following) const {
  query::FormatOptions options;
  options.max_rows = limit;
  options.max_width = OutIsTerminal() ? 80 : 0;
  if (format == "csv") {
    options.format = query::Format::kCsv;
  } else if (format == "json" || (format.empty() && context.json)) {
    options.format = following ? query::Format::kNdjson : query::Format::kJson;
  }
  return options;
}

}  // namespace pregao::cli
