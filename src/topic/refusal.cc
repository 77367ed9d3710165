#include "topic/refusal.h"

#include <memory>
#include <string>
#include <string_view>

namespace pregao::topic {
namespace {

constexpr char kTypeId[] = "pregao::topic::RefusalOfUs";

class Detail final : public arrow::StatusDetail {
 public:
  [[nodiscard]] const char* type_id() const override { return kTypeId; }
  [[nodiscard]] std::string ToString() const override { return "the cluster refuses us"; }
};

}  // namespace

Status RefusalOfUs(const Status& status) { return status.WithDetail(std::make_shared<Detail>()); }

bool IsRefusalOfUs(const Status& status) {
  return status.detail() != nullptr && std::string_view(status.detail()->type_id()) == kTypeId;
}

}  // namespace pregao::topic
