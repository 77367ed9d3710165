#pragma once
#include <string>

namespace pregao::cli {

/// How a table is read by `pregao read`, wherever it is.
struct ReadShape {
  std::string view, time, ticker;                        ///< the columns that --since and --ticker look at
  std::string columns;                                   ///< shown to people, comma-joined
  std::string table = view;                              ///< whose files the view is made of
  std::string order = R"("partition"{0}, "offset"{0})";  ///< of rows of one time, {0}: or " DESC"
  bool from_topic = true;                                ///< a row is one message of the topic
};

[[nodiscard]] ReadShape ShapeOf(const std::string& view);

}  // namespace pregao::cli
