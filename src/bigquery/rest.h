#pragma once
/// BigQuery's REST interface: datasets, tables, queries. Source: the reference of the API v2 (datasets, tables,
/// jobs.query).
#include <arrow/record_batch.h>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

#include "cloud/google_api.h"

namespace pregao::bigquery {

struct TableSpec {
  std::string name;
  std::shared_ptr<arrow::Schema> schema;
  std::string partition_by;  ///< a DATE column; empty: none
  std::string cluster_by;    ///< empty: none
};

/// `@name` of a query. An array where `array` is set, else values[0].
struct Parameter {
  std::string name;
  std::string type;  ///< STRING, INT64, DATE
  std::vector<std::string> values;
  bool array = false;
};

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;
/// Takes a page of an answer, which has rows; an error ends the reading.
using OnPage = std::function<Status(std::shared_ptr<arrow::RecordBatch> rows)>;

/// One dataset. Thread-safe. Errors: IOError may pass, Invalid will not.
class Rest {
 public:
  struct Place {
    std::string base;  ///< "https://bigquery.googleapis.com", or an emulator's address
    std::string project, dataset;
    std::string location;  ///< where the dataset is made, and queries run; empty: Google's default
  };
  Rest(Place place, std::shared_ptr<cloud::GoogleApi> api);

  /// Makes the dataset when it is absent.
  [[nodiscard]] Status EnsureDataset();
  /// KeyError: there is no such dataset.
  [[nodiscard]] Status CheckDataset();
  /// Makes the table when it is absent; Invalid, with the difference, when rows of `spec.schema` do not fit it.
  [[nodiscard]] Status EnsureTable(const TableSpec& spec);
  /// Whether the dataset, where there is one, has the table.
  [[nodiscard]] Result<bool> HasTable(const std::string& name);
  /// KeyError: there is no such table. Invalid: as EnsureTable.
  [[nodiscard]] Status CheckTable(const TableSpec& spec);
  /// Runs a statement and gives its answer page by page: some MB each, 10,000 rows at most. The rows have the columns
  /// of `schema` in the order of the statement's; a timestamp is to be selected by UNIX_MICROS. Bounded: ten minutes
  /// until the first page.
  [[nodiscard]] Status Each(const std::string& sql, const std::vector<Parameter>& parameters,
                            const std::shared_ptr<arrow::Schema>& schema, const OnPage& on_page);
  /// The same as a whole.
  [[nodiscard]] Result<Batches> Query(const std::string& sql, const std::vector<Parameter>& parameters,
                                      const std::shared_ptr<arrow::Schema>& schema);
  /// A statement without rows.
  [[nodiscard]] Status Run(const std::string& sql, const std::vector<Parameter>& parameters);

  /// `project.dataset.table`, quoted for SQL.
  [[nodiscard]] std::string Sql(const std::string& table) const;
  /// projects/…/datasets/…/tables/…, as the Storage Write API names a table.
  [[nodiscard]] std::string Resource(const std::string& table) const;
  /// `project.dataset`, for people.
  [[nodiscard]] std::string Name() const { return place_.project + "." + place_.dataset; }

 private:
  [[nodiscard]] Result<cloud::HttpAnswer> Send(const std::string& method, const std::string& path,
                                               const std::string& body);
  [[nodiscard]] Status Error(const cloud::HttpAnswer& answer, const std::string& what) const;
  [[nodiscard]] std::string QueryBody(const std::string& sql, const std::vector<Parameter>& parameters) const;
  [[nodiscard]] std::string TableBody(const TableSpec& spec, const std::string& fields) const;

  const Place place_;
  const std::shared_ptr<cloud::GoogleApi> api_;
};

}  // namespace pregao::bigquery
