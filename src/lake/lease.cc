#include "lake/lease.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <unistd.h>

namespace pregao::lake {
namespace {

constexpr int kAttempts = 20;
constexpr const char* kFree = "free\n";

std::string FirstLine(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

/// When the process was started, in ticks since the boot: tells it from a later one of the same number. Empty: no such
/// process.
std::string StartOf(const std::string& pid) {
  const std::string stat = FirstLine("/proc/" + pid + "/stat");
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return "";
  std::istringstream fields(stat.substr(name_end + 1));
  const std::vector<std::string> words{std::istream_iterator<std::string>(fields), {}};
  return words.size() > 19 && words[0] != "Z" ? words[19] : "";
}

/// Where process numbers mean the same.
std::string Machine() {
  std::error_code ignored;
  return FirstLine("/proc/sys/kernel/random/boot_id") + " " +
         std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
}

std::string HostName() {
  std::string name(256, '\0');
  return gethostname(name.data(), name.size() - 1) == 0 ? name.c_str() : "?";
}

std::string Holder(TimestampMs now) {
  const std::string pid = std::to_string(getpid());
  return fmt::format("host={}\nmachine={}\npid={}\nstart={}\nsince={}\n", HostName(), Machine(), pid, StartOf(pid),
                     now.value);
}

std::map<std::string, std::string> Parse(const std::string& text) {
  std::map<std::string, std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const auto equals = line.find('=');
    if (equals != std::string::npos) out[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return out;
}

/// Invalid when the holder lives, or may.
Status CheckGone(const std::string& text, const std::string& path, TimestampMs now) {
  if (text == kFree) return Status::OK();
  auto holder = Parse(text);
  const bool here = holder["machine"] == Machine();
  if (here && StartOf(holder["pid"]) != holder["start"]) return Status::OK();
  const std::int64_t since = std::strtoll(holder["since"].c_str(), nullptr, 10);
  const std::string who = fmt::format("process {} on {} (since {} s ago)", holder["pid"], holder["host"],
                                      std::max<std::int64_t>(0, now.value - since) / 1000);
  if (here) return Status::Invalid(who, " is at it already: wait for its end");
  return Status::Invalid(who, " is at it, or died there, by ", path,
                         ": wait for its end; if that machine is certainly not working on it any more, --take-over");
}

}  // namespace

Result<std::unique_ptr<Lease>> Lease::Take(std::shared_ptr<ObjectStore> store, std::string folder, const Clock& clock,
                                           bool take_over) {
  const auto path = [&](std::int64_t number) { return fmt::format("{}/{:012}", folder, number); };
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TRY_ASSIGN(const auto objects, store->List(folder + "/"));
    std::int64_t newest = 0;
    if (!objects.empty()) {
      newest = std::strtoll(objects.back().path.substr(folder.size() + 1).c_str(), nullptr, 10);
      const auto text = store->Get(objects.back().path);
      if (text.status().IsKeyError()) continue;
      TRY(text.status());
      if (!take_over) TRY(CheckGone(*text, store->uri() + "/" + objects.back().path, clock.Now()));
    }
    const std::string mine = path(newest + 1);
    TRY_ASSIGN(const auto put, store->PutIfAbsent(mine, Holder(clock.Now())));
    if (put == PutOutcome::kExists) continue;
    // Whoever was slow to put a number that others have long passed does not hold it.
    TRY_ASSIGN(const auto now, store->List(folder + "/"));
    if (now.empty() || now.back().path != mine) {
      TRY(store->Delete(mine));
      continue;
    }
    std::unique_ptr<Lease> lease(new Lease(store, mine));
    for (const auto& object : now) {
      if (object.path != mine) TRY(store->Delete(object.path));
    }
    return lease;
  }
  return Status::Invalid("others were faster each time: wait for their end");
}

Lease::~Lease() { (void)store_->Put(path_, kFree); }  // what cannot be freed is known as a process that is gone

}  // namespace pregao::lake
