#include "web/shared_session.h"

namespace pregao::web {

Status SharedSession::With(const std::function<Status(query::Session*)>& use, std::chrono::milliseconds patience,
                           Waited* waited) {
  const auto asked = std::chrono::steady_clock::now();
  const std::unique_lock lock(mutex_, patience);
  if (waited != nullptr) *waited += std::chrono::steady_clock::now() - asked;
  if (!lock) return Status::Cancelled("another statement is running: try again when it is done");
  if (session_ == nullptr) {
    TRY_ASSIGN(session_, open_());
  }
  if (prepare_) prepare_(session_.get());
  return use(session_.get());
}

Result<query::JsonRows> SharedSession::Run(const std::string& sql, const query::Limits& limits,
                                           std::chrono::milliseconds patience, Waited* waited) {
  query::JsonRows out;
  TRY(With([&](query::Session* session) { return query::RunLimited(session, sql, limits).Value(&out); }, patience,
           waited));
  return out;
}

bool NothingYet(const Status& status) {
  return status.message().starts_with("there is no ") && status.message().find(" yet") != std::string::npos;
}

}  // namespace pregao::web
