#include "lake/store_path.h"

#include <array>
#include <cstdint>
#include <random>

namespace pregao::lake {

std::string JoinPath(std::string_view root, std::string_view rest) {
  if (root.empty()) return std::string(rest);
  std::string path(root);
  if (path.back() != '/') path.push_back('/');
  return path.append(rest);
}

Status CheckStorePath(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return Status::Invalid("store path holds a NUL byte");
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") {
      return Status::Invalid("store path '", path, "' must be relative, without empty, '.' or '..' parts");
    }
    begin = end + 1;
  }
  return Status::OK();
}

std::string NewUuid() {
  thread_local std::random_device device;
  std::array<std::uint32_t, 4> words;
  for (auto& word : words) word = device();
  words[1] = (words[1] & 0xffff0fffu) | 0x00004000u;  // version 4
  words[2] = (words[2] & 0x3fffffffu) | 0x80000000u;  // the variant of RFC 4122
  constexpr char kHex[] = "0123456789abcdef";
  std::string uuid;
  uuid.reserve(36);
  for (std::size_t nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) uuid.push_back('-');
    uuid.push_back(kHex[(words[nibble / 8] >> (28 - 4 * (nibble % 8))) & 15u]);
  }
  return uuid;
}

}  // namespace pregao::lake
