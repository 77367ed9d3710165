#include "yahoo/resolve.h"

#include <array>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <sys/socket.h>
#include <system_error>
#include <thread>

namespace pregao::yahoo {
namespace {

/// Look-ups left behind at any time: beyond this, a resolver that does not answer is not asked again.
constexpr int kMaxPending = 64;
std::atomic<int> pending{0};

Result<std::vector<Address>> LookUp(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error == EAI_NONAME || error == EAI_ADDRFAMILY || error == EAI_NODATA) {
    hints.ai_flags = AI_NUMERICSERV;  // a machine with the loopback interface alone
    error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  }
  if (error != 0) return Status::IOError("the name ", host, " cannot be looked up: ", gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::vector<Address> out;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    std::array<char, 64> ip{};
    std::array<char, 8> number{};
    if (getnameinfo(a->ai_addr, a->ai_addrlen, ip.data(), ip.size(), number.data(), number.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
      continue;
    }
    Address address{ip.data(), 0};
    std::from_chars(number.data(), number.data() + number.size(), address.port);
    out.push_back(std::move(address));
  }
  if (out.empty()) return Status::IOError("the name ", host, " has no address");
  return out;
}

struct Shared {
  std::mutex mutex;
  std::condition_variable_any answered;
  std::optional<Result<std::vector<Address>>> answer;  // guarded by mutex
};

}  // namespace

Result<std::vector<Address>> Resolve(const std::string& host, const std::string& port,
                                     std::chrono::milliseconds timeout, std::stop_token stop) {
  if (pending.load() >= kMaxPending) {
    return Status::IOError("the name ", host, " cannot be looked up: ", kMaxPending, " look-ups are unanswered");
  }
  auto shared = std::make_shared<Shared>();
  ++pending;
  try {
    std::thread([shared, host, port] {
      auto answer = LookUp(host, port);
      --pending;
      const std::lock_guard lock(shared->mutex);
      shared->answer = std::move(answer);
      shared->answered.notify_all();
    }).detach();
  } catch (const std::system_error& error) {
    --pending;
    return Status::IOError("no thread to look up ", host, ": ", error.what());
  }
  std::unique_lock lock(shared->mutex);
  if (shared->answered.wait_for(lock, stop, timeout, [&] { return shared->answer.has_value(); })) {
    return *std::move(shared->answer);
  }
  if (stop.stop_requested()) return Status::Cancelled("stopped");
  return Status::IOError("the name ", host, " was not looked up within ", timeout.count(), " ms");
}

}  // namespace pregao::yahoo
