#include "lake/protocol_check.h"

#include <algorithm>
#include <string>

namespace pregao::lake {
namespace {

std::string Property(const Metadata& metadata, const std::string& key) {
  const auto found = metadata.configuration.find(key);
  return found == metadata.configuration.end() ? "" : found->second;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none named" : text;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

}  // namespace

Status CheckReadable(const Protocol& protocol) {
  if (protocol.min_reader_version < 1) {
    return Status::Invalid("protocol.minReaderVersion is ", protocol.min_reader_version);
  }
  if (protocol.min_reader_version <= 2) return Status::OK();  // 2 adds column mapping, which the metadata shows
  return Status::NotImplemented(
      "the table asks for Delta reader version ", protocol.min_reader_version,
      " (features: ", Joined(protocol.reader_features),
      "); pregao reads versions 1 and 2: drop the features with ALTER TABLE … DROP FEATURE, or "
      "copy the table");
}

Status CheckReadable(const Metadata& metadata) {
  const std::string mode = Property(metadata, "delta.columnMapping.mode");
  if (mode.empty() || mode == "none") return Status::OK();
  return Status::NotImplemented("the table maps its columns (delta.columnMapping.mode = ", mode,
                                "); pregao reads tables without: copy the table");
}

Status CheckWritable(const Protocol& protocol, const Metadata& metadata) {
  if (protocol.min_writer_version > 2) {
    return Status::NotImplemented("the table asks for Delta writer version ", protocol.min_writer_version,
                                  " (features: ", Joined(protocol.writer_features),
                                  "); pregao writes version 2: let the tool that raised it write, or copy the table");
  }
  if (metadata.schema_string.find("delta.invariants") != std::string::npos) {
    return Status::NotImplemented(
        "the table has column invariants (delta.invariants), which pregao cannot check: drop "
        "them before it writes");
  }
  return Status::OK();
}

bool IsAppendOnly(const Metadata& metadata) {
  return EqualsIgnoringCase(Property(metadata, "delta.appendOnly"), "true");
}

}  // namespace pregao::lake
