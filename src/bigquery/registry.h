#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

#include "bigquery/client.h"

namespace pregao::bigquery {

/// Of a topic and its generation, see topic::TopicInfo.
struct Source {
  std::string topic, generation;
};

/// Streams by table and partition.
using Streams = std::map<std::pair<std::string, std::int32_t>, std::string>;

/// The table `silver_streams` of a dataset: who appends to which table from which partition of a topic. A stream is
/// registered before anything is appended to it, and a new owner finalises those of others before it looks how far the
/// tables are: so of several processes that take themselves for a partition's owner one alone can append.
class Registry {
 public:
  static constexpr char kTable[] = "silver_streams";

  /// `client` outlives it.
  explicit Registry(Client* client) : client_(client) {}

  /// Makes the table when it is absent.
  [[nodiscard]] Status Open();
  /// The generations by which the dataset knows its topics.
  [[nodiscard]] Result<std::map<std::string, std::string>> Generations();
  /// Makes a stream for each table and partition and ends all others of these. Invalid: the dataset knows
  /// `source.topic` with another generation.
  [[nodiscard]] Result<Streams> TakeOver(const Source& source, const std::vector<std::string>& tables,
                                         const std::vector<std::int32_t>& partitions);

 private:
  [[nodiscard]] Status CheckGeneration(const Source& source);
  [[nodiscard]] Status Register(const Source& source, const Streams& streams);
  /// Streams of `source.topic` for these partitions that are not among `mine`.
  [[nodiscard]] Result<std::vector<std::string>> Others(const Source& source,
                                                        const std::vector<std::int32_t>& partitions,
                                                        const Streams& mine);

  Client* const client_;
};

}  // namespace pregao::bigquery
