// The doctor's look at a lake in Google Cloud Storage.
#include <fmt/format.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/lake_store.h"
#include "lake/store_path.h"

namespace pregao::cli {

bool CheckGoogle(const Context& context, const GoogleLook& look, const cloud::HttpOptions& http,
                 std::vector<Finding>* out) {
  if (!look.emulator.empty()) {
    out->push_back({"google", Health::kOk,
                    fmt::format("an emulator at {} ({}): no credentials", look.emulator, look.emulator_variable), ""});
    return true;
  }
  const auto client = std::make_shared<cloud::HttpClient>(http);
  const auto found = cloud::FindCredentials(look.environment, {look.scope}, client, context.clock);
  const Status status = found.ok() ? (*found)->Get().status() : found.status();
  if (status.ok()) {
    out->push_back({"google", Health::kOk, (*found)->who() + ": has a token", ""});
  } else {
    out->push_back({"google", Health::kFailure, status.message(),
                    status.IsIOError()
                        ? "check network and proxy: Google's token server must be reachable"
                        : "gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS=key.json"});
  }
  return status.ok();
}

void CheckBucket(const Context& context, std::vector<Finding>* out) {
  lake::GcsOptions options = GcsOptionsOf(context);
  options.retry.max_attempts = 2;  // somebody waits
  options.http.total_timeout = std::chrono::seconds(10);
  const std::string& lake = context.settings.lake;
  if (!CheckGoogle(context, {options.environment, lake::kGcsScope, options.emulator, "STORAGE_EMULATOR_HOST"},
                   options.http, out)) {
    out->push_back({"lake", Health::kFailure, lake + ": not looked at, for want of credentials", "see google above"});
    return;
  }
  const std::string probe = "pregao-doctor-" + lake::NewUuid();
  const auto store = lake::OpenStore(lake, options);
  const std::string role =
      "gcloud storage buckets add-iam-policy-binding gs://BUCKET --member=… --role=roles/storage.objectUser";
  const auto failed = [&](const std::string& what, const Status& status, const std::string& fix) {
    const bool away = status.IsIOError();
    out->push_back({"lake", Health::kFailure, what + ": " + status.message(),
                    away ? "check network, proxy and the address" : fix});
  };
  if (!store.ok()) return failed("cannot be opened", store.status(), "write it as gs://bucket/prefix");
  if (const auto listed = (*store)->List(probe); !listed.ok()) {
    return failed("cannot be listed", listed.status(), "gcloud storage buckets create, or the right: " + role);
  }
  if (const auto made = (*store)->PutIfAbsent(probe, "probe"); !made.ok()) {
    return failed("no object can be created", made.status(), role);
  }
  if (const Status deleted = (*store)->Delete(probe); !deleted.ok()) {
    return failed(fmt::format("the probe {} cannot be deleted", probe), deleted,
                  role + "; a retention policy or hold on the bucket forbids it too");
  }
  out->push_back({"lake", Health::kOk, lake + ": can be listed, objects created and deleted", ""});
}

}  // namespace pregao::cli
