#include "bigquery/rest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <random>

#include "base/json_writer.h"

#include "bigquery/query_answer.h"
#include "cloud/json.h"

namespace pregao::bigquery {
namespace {

constexpr int kPageRows = 10'000;
constexpr int kAnswerWaitMs = 10'000;
constexpr std::chrono::minutes kLongestQuery{10};
constexpr std::size_t kMaxAnswer = 64u << 20;
constexpr char kGrant[] = "roles/bigquery.dataEditor on the dataset and roles/bigquery.jobUser on the project";

/// Two requests of one id are one job.
std::string NewRequestId() {
  thread_local std::random_device device;
  return fmt::format("pregao-{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

void AddValue(const std::string& value, JsonWriter* w) {
  w->BeginObject();
  w->Key("value");
  w->String(value);
  w->EndObject();
}

void AddParameter(const Parameter& parameter, JsonWriter* w) {
  w->BeginObject();
  w->Key("name");
  w->String(parameter.name);
  w->Key("parameterType");
  w->Raw(parameter.array ? fmt::format(R"({{"type":"ARRAY","arrayType":{{"type":"{}"}}}})", parameter.type)
                         : fmt::format(R"({{"type":"{}"}})", parameter.type));
  w->Key("parameterValue");
  if (parameter.array) {
    w->BeginObject();
    w->Key("arrayValues");
    w->BeginArray();
    for (const std::string& value : parameter.values) AddValue(value, w);
    w->EndArray();
    w->EndObject();
  } else {
    AddValue(parameter.values.at(0), w);
  }
  w->EndObject();
}

}  // namespace

Rest::Rest(Place place, std::shared_ptr<cloud::GoogleApi> api) : place_(std::move(place)), api_(std::move(api)) {}

std::string Rest::Sql(const std::string& table) const {
  return fmt::format("`{}.{}.{}`", place_.project, place_.dataset, table);
}

std::string Rest::Resource(const std::string& table) const {
  return fmt::format("projects/{}/datasets/{}/tables/{}", place_.project, place_.dataset, table);
}

Result<cloud::HttpAnswer> Rest::Send(const std::string& method, const std::string& path, const std::string& body) {
  cloud::HttpRequest request;
  request.method = method;
  request.url = fmt::format("{}/bigquery/v2/projects/{}{}", place_.base, cloud::UrlEncode(place_.project), path);
  if (!body.empty()) request.headers = {{"Content-Type", "application/json"}};
  request.body = body;
  request.max_answer = kMaxAnswer;
  return api_->Send(request);
}

Status Rest::Error(const cloud::HttpAnswer& answer, const std::string& what) const {
  return api_->Error(answer, "BigQuery: " + what, kGrant);
}

Status Rest::CheckDataset() {
  TRY_ASSIGN(const auto answer, Send("GET", "/datasets/" + cloud::UrlEncode(place_.dataset), ""));
  return answer.status == 200 ? Status::OK() : Error(answer, "dataset " + Name());
}

Status Rest::EnsureDataset() {
  if (const Status there = CheckDataset(); !there.IsKeyError()) return there;
  JsonWriter w;
  w.BeginObject();
  w.Key("datasetReference");
  w.BeginObject();
  w.Key("projectId");
  w.String(place_.project);
  w.Key("datasetId");
  w.String(place_.dataset);
  w.EndObject();
  if (!place_.location.empty()) {
    w.Key("location");
    w.String(place_.location);
  }
  w.EndObject();
  TRY_ASSIGN(const auto answer, Send("POST", "/datasets", w.Take()));
  // 409: another process was faster.
  if (answer.status == 200 || answer.status == 409) return Status::OK();
  const Status error = Error(answer, "create the dataset " + Name());
  // What is not there is the project: no wait makes it.
  return error.IsKeyError() ? Status::Invalid(error.message()) : error;
}

std::string Rest::TableBody(const TableSpec& spec, const std::string& fields) const {
  JsonWriter w;
  w.BeginObject();
  w.Key("tableReference");
  w.BeginObject();
  for (const auto& [key, value] : {std::pair("projectId", &place_.project), std::pair("datasetId", &place_.dataset),
                                   std::pair("tableId", &spec.name)}) {
    w.Key(key);
    w.String(*value);
  }
  w.EndObject();
  w.Key("schema");
  w.Raw(R"({"fields":)" + fields + "}");
  if (!spec.partition_by.empty()) {
    w.Key("timePartitioning");
    w.Raw(fmt::format(R"({{"type":"DAY","field":"{}"}})", spec.partition_by));
  }
  if (!spec.cluster_by.empty()) {
    w.Key("clustering");
    w.Raw(fmt::format(R"({{"fields":["{}"]}})", spec.cluster_by));
  }
  w.EndObject();
  return w.Take();
}

Status Rest::EnsureTable(const TableSpec& spec) {
  if (const Status there = CheckTable(spec); !there.IsKeyError()) return there;
  TRY_ASSIGN(const std::string fields, FieldsJson(*spec.schema));
  TRY_ASSIGN(const auto answer, Send("POST", fmt::format("/datasets/{}/tables", cloud::UrlEncode(place_.dataset)),
                                     TableBody(spec, fields)));
  if (answer.status == 200) return Status::OK();
  if (answer.status != 409) return Error(answer, "create the table " + Name() + "." + spec.name);
  return CheckTable(spec);  // another process was faster
}

Status Rest::CheckTable(const TableSpec& spec) {
  const std::string name = Name() + "." + spec.name;
  TRY_ASSIGN(
      const auto answer,
      Send("GET", fmt::format("/datasets/{}/tables/{}", cloud::UrlEncode(place_.dataset), cloud::UrlEncode(spec.name)),
           ""));
  if (answer.status != 200) return Error(answer, "table " + name);
  TRY_ASSIGN(const auto columns, ParseTableColumns(answer.body));
  TRY_ASSIGN(const auto differences, Differences(*spec.schema, columns));
  if (differences.empty()) return Status::OK();
  return Status::Invalid(
      fmt::format("BigQuery: the table {} has other columns: {}. Alter the table, or set another bigquery.dataset",
                  name, fmt::join(differences, "; ")));
}

Result<bool> Rest::HasTable(const std::string& name) {
  TRY_ASSIGN(
      const auto answer,
      Send("GET", fmt::format("/datasets/{}/tables/{}", cloud::UrlEncode(place_.dataset), cloud::UrlEncode(name)), ""));
  if (answer.status == 200) return true;
  if (answer.status == 404) return false;
  return Error(answer, "table " + Name() + "." + name);
}

std::string Rest::QueryBody(const std::string& sql, const std::vector<Parameter>& parameters) const {
  JsonWriter w;
  w.BeginObject();
  w.Key("query");
  w.String(sql);
  w.Key("useLegacySql");
  w.Bool(false);
  w.Key("useQueryCache");
  w.Bool(false);
  w.Key("requestId");
  w.String(NewRequestId());
  w.Key("timeoutMs");
  w.Int(kAnswerWaitMs);
  w.Key("maxResults");
  w.Int(kPageRows);
  if (!place_.location.empty()) {
    w.Key("location");
    w.String(place_.location);
  }
  if (!parameters.empty()) {
    w.Key("parameterMode");
    w.String("NAMED");
    w.Key("queryParameters");
    w.BeginArray();
    for (const Parameter& parameter : parameters) AddParameter(parameter, &w);
    w.EndArray();
  }
  w.EndObject();
  return w.Take();
}

Result<Batches> Rest::Query(const std::string& sql, const std::vector<Parameter>& parameters,
                            const std::shared_ptr<arrow::Schema>& schema) {
  Batches out;
  TRY(Each(sql, parameters, schema, [&](auto rows) {
    out.push_back(std::move(rows));
    return Status::OK();
  }));
  return out;
}

Status Rest::Each(const std::string& sql, const std::vector<Parameter>& parameters,
                  const std::shared_ptr<arrow::Schema>& schema, const OnPage& on_page) {
  const auto begun = std::chrono::steady_clock::now();
  TRY_ASSIGN(auto http, Send("POST", "/queries", QueryBody(sql, parameters)));
  std::string job, location;
  for (;;) {
    if (http.status != 200) {
      const Status error = Error(http, "query: " + sql);
      // A table that is gone: whoever begins again makes it.
      return error.IsKeyError() ? Status::IOError(error.message()) : error;
    }
    TRY_ASSIGN(auto answer, ParseQueryAnswer(http.body, schema));
    if (!answer.error.empty()) return Status::IOError("BigQuery: query: ", sql, ": ", answer.error);
    if (!answer.job.empty()) job = answer.job;
    if (!answer.location.empty()) location = answer.location;
    if (answer.complete) {
      if (answer.rows && answer.rows->num_rows() > 0) TRY(on_page(std::move(answer.rows)));
      if (answer.next_page.empty() || !schema) return Status::OK();
    } else if (std::chrono::steady_clock::now() - begun > kLongestQuery) {
      return Status::IOError("BigQuery: no answer in ten minutes to: ", sql);
    }
    std::string path =
        fmt::format("/queries/{}?maxResults={}&timeoutMs={}", cloud::UrlEncode(job), kPageRows, kAnswerWaitMs);
    if (!location.empty()) path += "&location=" + cloud::UrlEncode(location);
    if (answer.complete) path += "&pageToken=" + cloud::UrlEncode(answer.next_page);
    TRY_ASSIGN(http, Send("GET", path, ""));
  }
}

Status Rest::Run(const std::string& sql, const std::vector<Parameter>& parameters) {
  return Query(sql, parameters, nullptr).status();
}

}  // namespace pregao::bigquery
