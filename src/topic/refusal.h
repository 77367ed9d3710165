#pragma once
/// Refusals that are not about what was asked for.
#include "base/status.h"

namespace pregao::topic {

/// `status`, marked: the cluster refuses us whatever we send, for want of rights or credentials, or by a policy. Unlike
/// a record that it will never take, that may be put right on the cluster while we wait.
[[nodiscard]] Status RefusalOfUs(const Status& status);
[[nodiscard]] bool IsRefusalOfUs(const Status& status);

}  // namespace pregao::topic
