#pragma once
#include "base/status.h"
#include "cli/commands.h"

namespace pregao::cli {

/// Makes the embedded engine's what Spark has filled: ends Spark's queries, appends what they dropped (rows that came
/// later than their watermark), moves the tables' positions to where Spark has come, and then their owner. Nothing to
/// do where no table is Spark's. When it dies half way, it is done again from the start.
/// @param force  also where Spark cannot be asked; its queries must have ended
/// Invalid: a table is neither's, or Spark does not answer and there is no force.
[[nodiscard]] Status TakeBack(const Context& context, bool force);

}  // namespace pregao::cli
