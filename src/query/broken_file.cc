#include "query/broken_file.h"

#include <filesystem>

#include "lake/partition_path.h"

namespace pregao::query {

std::string HowToMend(const TableName& table, const std::string& folder) {
  const std::string restore = "restore it from a copy of the lake; without one move " + folder + " away: ";
  if (table.root.starts_with("gold/")) return restore + table.maker + " makes the table anew";
  return restore +
         "`pregao silver` makes the table anew from the topic, and `pregao audit --repair` adds what bronze still has";
}

Status ExplainBrokenFile(const Status& error, const TableName& table, const std::string& folder,
                         std::span<const std::shared_ptr<const lake::DataFile>> files) {
  const std::string& said = error.message();
  if (said.find(".parquet") == std::string::npos) return error;
  for (const auto& file : files) {
    const std::string path = folder + "/" + lake::UrlDecodePath(file->path);
    if (said.find(path) == std::string::npos) continue;
    std::error_code ignored;
    const bool there = std::filesystem::exists(path, ignored);
    const std::string why = there ? "cannot be read (" + said.substr(0, said.find('\n')) + ")" : "is missing";
    return Status::Invalid("table ", table.view, ": the file ", path, " ", why, "; ", HowToMend(table, folder));
  }
  return error;
}

}  // namespace pregao::query
