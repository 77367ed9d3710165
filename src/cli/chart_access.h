#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "engine/history.h"
#include "yahoo/chart_client.h"

namespace pregao::cli {

/// A client of the settings' chart API, at the settings' rate.
[[nodiscard]] std::shared_ptr<yahoo::ChartClient> NewChartClient(const Context& context);
/// The same, which says in the log why it waits: at the first failure, and once a minute while it lasts.
[[nodiscard]] std::shared_ptr<yahoo::ChartClient> NewTalkingChartClient(const Context& context);
/// What the settings say of the tables that history is written to.
[[nodiscard]] engine::HistoryOptions HistoryOptionsOf(const Settings& settings);
/// `named` as a watchlist would have them, or the settings' watchlist where none are named. Invalid: one is no ticker.
[[nodiscard]] Result<std::vector<std::string>> TickersOf(const Settings& settings,
                                                         const std::vector<std::string>& named);

}  // namespace pregao::cli
