#pragma once
/// As much of Google Cloud Storage's JSON API as GcsStore uses, on the loopback, with faults where a test wants them.
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/json_writer.h"

#include "cloud/crypto.h"
#include "cloud/json.h"
#include "test/http_server.h"

namespace pregao::test {

/// What goes wrong at a request.
enum class GcsFault {
  kNone,
  kBusy,         ///< 503, not done
  kTooFast,      ///< 429 with Retry-After, not done
  kDrop,         ///< the connection is closed, not done
  kDoneDrop,     ///< done, then the connection is closed
  kDoneError,    ///< done, then 503
  kTruncate,     ///< done, and half of the answer arrives
  kStall,        ///< not done, and silence
  kUnauthorised  ///< 401, not done
};

/// One bucket, "lake", in memory. Thread-safe.
class FakeGcs {
 public:
  using Plan = std::function<GcsFault(const ServedRequest&)>;

  FakeGcs() : server_([this](const ServedRequest& request) { return Handle(request); }) {}

  /// Asked at each request, in its connection's thread.
  void set_plan(Plan plan) {
    std::lock_guard lock(mutex_);
    plan_ = std::move(plan);
  }
  [[nodiscard]] std::string url() const { return server_.url(); }
  [[nodiscard]] std::int64_t requests() const { return server_.requests(); }
  [[nodiscard]] std::string bytes(const std::string& name) {
    std::lock_guard lock(mutex_);
    return objects_.contains(name) ? objects_[name].bytes : "(absent)";
  }
  /// Ends every upload session, as Google does after a week.
  void ForgetSessions() {
    std::lock_guard lock(mutex_);
    sessions_.clear();
  }
  /// Spoils a stored object as a broken disk would.
  void set_damage_uploads(bool damage) { damage_ = damage; }

 private:
  struct Object {
    std::string bytes, resource;
  };
  struct Session {
    std::string name, resource, bytes;
    bool if_absent = false;
    std::optional<ServedAnswer> outcome;  ///< once all bytes are there
  };

  static std::string Decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%' && i + 2 < text.size()) {
        int value = 0;
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
        out += static_cast<char>(value);
        i += 2;
      } else {
        out += text[i];
      }
    }
    return out;
  }
  static std::string Query(const std::string& target, const std::string& key) {
    const std::size_t question = target.find('?');
    for (std::size_t at = question; at != std::string::npos; at = target.find('&', at + 1)) {
      if (target.compare(at + 1, key.size() + 1, key + "=") != 0) continue;
      const std::size_t begin = at + key.size() + 2;
      return Decode(target.substr(begin, target.find('&', begin) - begin));
    }
    return "";
  }
  static ServedAnswer Error(int status, const std::string& message) {
    return {status, {}, fmt::format(R"({{"error":{{"code":{},"message":"{}"}}}})", status, message)};
  }

  ServedAnswer Handle(const ServedRequest& request) {
    Plan plan;
    {
      std::lock_guard lock(mutex_);
      plan = plan_;
    }
    const GcsFault fault = plan ? plan(request) : GcsFault::kNone;
    ServedAnswer lost;
    lost.fault = ServedAnswer::Fault::kDrop;
    switch (fault) {
      case GcsFault::kNone:
        return Do(request);
      case GcsFault::kBusy:
        return Error(503, "backend error");
      case GcsFault::kTooFast:
        return {429, {{"Retry-After", "1"}}, "slow down"};
      case GcsFault::kDrop:
        return lost;
      case GcsFault::kDoneDrop:
        (void)Do(request);
        return lost;
      case GcsFault::kDoneError:
        (void)Do(request);
        return Error(503, "backend error");
      case GcsFault::kTruncate:
        lost = Do(request);
        lost.fault = ServedAnswer::Fault::kTruncate;
        return lost;
      case GcsFault::kStall:
        lost.fault = ServedAnswer::Fault::kStall;
        return lost;
      case GcsFault::kUnauthorised:
        return Error(401, "Invalid Credentials");
    }
    return lost;
  }

  ServedAnswer Do(const ServedRequest& request) {
    std::lock_guard lock(mutex_);
    const std::string path = request.target.substr(0, request.target.find('?'));
    constexpr std::string_view kObjects = "/storage/v1/b/lake/o";
    if (path == "/upload/storage/v1/b/lake/o") {
      return request.method == "PUT" ? Piece(request) : Upload(request);
    }
    if (!path.starts_with(kObjects)) return Error(404, "The specified bucket does not exist.");
    if (path == kObjects) return List(request);
    const std::string name = Decode(path.substr(kObjects.size() + 1));
    const auto found = objects_.find(name);
    if (found == objects_.end()) return Error(404, "No such object: lake/" + name);
    if (request.method == "DELETE") {
      objects_.erase(found);
      return {204};
    }
    if (Query(request.target, "alt") != "media") return {200, {}, Resource(name, found->second)};
    return Media(request, found->second.bytes);
  }

  static ServedAnswer Media(const ServedRequest& request, const std::string& bytes) {
    const std::string range = request.header("range");
    if (range.empty()) return {200, {}, bytes};
    const std::size_t first = std::stoull(range.substr(6)), last = std::stoull(range.substr(range.find('-') + 1));
    if (first >= bytes.size()) return {416, {}, "Requested range not satisfiable"};
    return {206, {}, bytes.substr(first, last - first + 1)};
  }

  std::string Resource(const std::string& name, const Object& object) const {
    JsonWriter w;
    w.BeginObject();
    w.Key("name");
    w.String(name);
    w.Key("size");
    w.String(std::to_string(object.bytes.size()));
    w.Key("updated");
    w.String("2026-11-22T17:05:20.123Z");
    w.Key("md5Hash");
    w.String(cloud::Md5Base64(object.bytes));
    const auto json = cloud::Json::Parse(object.resource);
    if (const auto mark = json.ok() ? json->Text("/metadata/pregao-put") : std::nullopt) {
      w.Key("metadata");
      w.BeginObject();
      w.Key("pregao-put");
      w.String(*mark);
      w.EndObject();
    }
    w.EndObject();
    return w.Take();
  }

  ServedAnswer Store(const std::string& name, bool if_absent, std::string resource, std::string bytes) {
    if (if_absent && objects_.contains(name)) return Error(412, "At least one of the pre-conditions did not hold.");
    if (damage_ && !bytes.empty()) bytes[0] = static_cast<char>(bytes[0] ^ 1);
    objects_[name] = {std::move(bytes), std::move(resource)};
    return {200, {}, Resource(name, objects_[name])};
  }

  ServedAnswer Upload(const ServedRequest& request) {
    const std::string name = Query(request.target, "name");
    const bool if_absent = Query(request.target, "ifGenerationMatch") == "0";
    if (Query(request.target, "uploadType") == "resumable") {
      const std::string id = std::to_string(++last_session_);
      sessions_[id] = {name, request.body, "", if_absent, std::nullopt};
      return {200,
              {{"Location", "http://elsewhere:1/upload/storage/v1/b/lake/o?uploadType=resumable&upload_id=" + id}}};
    }
    const std::string type = request.header("content-type");
    const std::string boundary = "--" + type.substr(type.find("boundary=") + 9);
    const std::size_t json = request.body.find("\r\n\r\n") + 4;
    const std::size_t next = request.body.find("\r\n" + boundary, json);
    const std::size_t data = request.body.find("\r\n\r\n", next) + 4;
    const std::size_t end = request.body.rfind("\r\n" + boundary + "--");
    return Store(name, if_absent, request.body.substr(json, next - json), request.body.substr(data, end - data));
  }

  ServedAnswer Piece(const ServedRequest& request) {
    const std::string id = Query(request.target, "upload_id");
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return Error(410, "The upload session is gone.");
    Session& session = found->second;
    const std::string range = request.header("content-range");
    const std::size_t total = std::stoull(range.substr(range.find('/') + 1));
    if (!range.starts_with("bytes */")) {
      const std::size_t first = std::stoull(range.substr(6));
      if (first > session.bytes.size()) return Error(400, "a gap");
      const std::size_t known = session.bytes.size() - first;  // what it has already is passed over, as Google does
      if (known < request.body.size()) session.bytes += request.body.substr(known);
      if (session.bytes.size() < total && request.body.size() % (256u << 10) != 0) return Error(400, "an odd piece");
    }
    if (session.bytes.size() == total && !session.outcome) {
      session.outcome = Store(session.name, session.if_absent, session.resource, session.bytes);
    }
    if (session.outcome) return *session.outcome;
    if (session.bytes.empty()) return {308};
    return {308, {{"Range", fmt::format("bytes=0-{}", session.bytes.size() - 1)}}};
  }

  ServedAnswer List(const ServedRequest& request) {
    const std::string prefix = Query(request.target, "prefix");
    std::string from = std::max(prefix, Query(request.target, "startOffset"));
    from = std::max(from, Query(request.target, "pageToken"));
    std::size_t room = std::stoull(Query(request.target, "maxResults"));
    std::string items, next;
    for (auto it = objects_.lower_bound(from); it != objects_.end() && it->first.starts_with(prefix); ++it) {
      if (room-- == 0) {
        next = it->first;
        break;
      }
      items += (items.empty() ? "" : ",") + Resource(it->first, it->second);
    }
    std::string out = "{\"items\":[" + items + "]";
    if (!next.empty()) {
      out += ",\"nextPageToken\":";
      AppendJsonString(next, &out);
    }
    return {200, {}, out + "}"};
  }

  std::mutex mutex_;
  Plan plan_;                                // guarded by mutex_
  std::map<std::string, Object> objects_;    // guarded by mutex_
  std::map<std::string, Session> sessions_;  // guarded by mutex_
  std::int64_t last_session_ = 0;            // guarded by mutex_
  std::atomic<bool> damage_ = false;
  HttpServer server_;
};

}  // namespace pregao::test
