#include "cli/misuse.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string_view>

namespace pregao::cli {
namespace {

class MisuseDetail final : public arrow::StatusDetail {
 public:
  [[nodiscard]] const char* type_id() const override { return "pregao.misuse"; }
  [[nodiscard]] std::string ToString() const override { return "wrong usage"; }
};

}  // namespace

Status Misuse(const std::string& message) { return AsMisuse(Status::Invalid(message)); }

Status AsMisuse(const Status& status) {
  return status.ok() ? status : status.WithDetail(std::make_shared<MisuseDetail>());
}

bool IsMisuse(const Status& status) {
  return status.detail() != nullptr && std::string_view(status.detail()->type_id()) == MisuseDetail().type_id();
}

std::string Given(const CLI::App& app, std::initializer_list<const char*> flags) {
  std::string given;
  for (const char* const flag : flags) {
    if (app.get_option(flag)->count() > 0) given += (given.empty() ? "" : ", ") + std::string(flag);
  }
  return given;
}

}  // namespace pregao::cli
