#pragma once
/// A client of Spark Connect: SQL, and streaming queries that live on in the server when the client is gone.
/// Source: the .proto files of Spark 4.2 (spark/connect/base.proto, commands.proto, relations.proto).
#include <arrow/type_fwd.h>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

#include "spark/connect_url.h"

namespace pregao::spark {

/// A streaming query in the server. `id` stays through restarts from its checkpoint, `run_id` is of this run.
struct QueryId {
  std::string id, run_id, name;
};

struct QueryState {
  bool active = false;
  std::string message;   ///< what it does just now, in Spark's words
  std::string error;     ///< why it ended; empty when it did not fail
  std::string progress;  ///< the last progress as Spark's JSON; empty before the first
};

/// What a streaming query reads, and where it writes.
struct StreamSpec {
  std::string name;
  std::string sql;                          ///< over views of the session
  std::string watermark_column, watermark;  ///< e.g. "timestamp", "10 minutes"; empty: none
  std::vector<std::string>
      unique_columns;             ///< rows alike in these within the watermark are one; empty: none is dropped
  std::vector<std::string> drop;  ///< columns that are not written
  std::string then_sql;           ///< over the view `rows` of what is left; empty: that itself
  std::string format = "delta";
  std::string path, checkpoint;  ///< as the server sees them
  std::vector<std::string> partition_by;
  std::map<std::string, std::string> options;  ///< of the sink
  std::string interval;                        ///< e.g. "1 seconds"; empty with available_now
  bool available_now = false;                  ///< what is there, then it ends
};

/// Not thread-safe. Every call ends after `timeout` at the latest. Errors: IOError when the server cannot be
/// reached or is too slow, Invalid with Spark's own message (its error class in brackets first) for all else.
class Client {
 public:
  /// @param session  a UUID. Whoever comes with the same one, and the same user, finds its views and queries again.
  [[nodiscard]] static Result<std::unique_ptr<Client>> Connect(
      const ConnectUrl& url, std::string session, std::chrono::milliseconds timeout = std::chrono::minutes(2));
  ~Client();

  /// The server's version, e.g. "4.2.0".
  [[nodiscard]] Result<std::string> Version();
  /// Runs a statement for its effect.
  [[nodiscard]] Status Run(const std::string& sql);
  /// The rows of a query, all of them.
  [[nodiscard]] Result<std::shared_ptr<arrow::Table>> Query(const std::string& sql);
  /// A view of the session over a stream (`format` "kafka" with its options).
  [[nodiscard]] Status CreateStreamView(const std::string& name, const std::string& format,
                                        const std::map<std::string, std::string>& options);
  [[nodiscard]] Status CreateView(const std::string& name, const std::string& sql);

  /// Starts the query; the answer comes when it runs. One of its name that is active already is an error of Spark's.
  [[nodiscard]] Result<QueryId> Start(const StreamSpec& spec);
  /// The session's active queries.
  [[nodiscard]] Result<std::vector<QueryId>> Active();
  [[nodiscard]] Result<QueryState> State(const QueryId& query);
  /// Ends the query after its running batch was given up; its checkpoint has what was committed.
  [[nodiscard]] Status Stop(const QueryId& query);

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pregao::spark
