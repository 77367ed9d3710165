#include "lake/partition_path.h"

#include "lake/store_path.h"

namespace pregao::lake {
namespace {

void AppendEscaped(char c, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out->push_back('%');
  out->push_back(kHex[byte >> 4]);
  out->push_back(kHex[byte & 15]);
}

/// The characters that Hive and Spark (ExternalCatalogUtils) escape in partition folders.
std::string HiveEscape(std::string_view text) {
  constexpr std::string_view kEscaped = "\"#%'*/:=?\\\x7f{[]^";
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || kEscaped.find(c) != std::string_view::npos) {
      AppendEscaped(c, &out);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

bool IsPlain(char c) {
  constexpr std::string_view kMarks = "-_.~/=";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<std::string> PartitionPath(const PartitionValues& values) {
  std::string path;
  for (const auto& [column, value] : values) {
    if (value && value->empty()) {
      return Status::Invalid("partition column '", column, "' has an empty value: the table would read it as null");
    }
    path = JoinPath(path, HiveEscape(column) + "=" + (value ? HiveEscape(*value) : "__HIVE_DEFAULT_PARTITION__"));
  }
  return path;
}

std::string UrlEncodePath(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (IsPlain(c)) {
      out.push_back(c);
    } else {
      AppendEscaped(c, &out);
    }
  }
  return out;
}

std::string UrlDecodePath(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && path.size() - i > 2) {
      const int high = HexDigit(path[i + 1]), low = HexDigit(path[i + 2]);
      if (high >= 0 && low >= 0) {
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    out.push_back(path[i]);
  }
  return out;
}

}  // namespace pregao::lake
