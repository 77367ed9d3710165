#include "lake/gcs_listing.h"

#include <charconv>

#include "lake/data_file.h"
#include "lake/json_reader.h"

namespace pregao::lake {
namespace {

using cloud::HttpRequest;

Result<ObjectInfo> ReadInfo(const JsonFields& object) {
  ObjectInfo info;
  TRY_ASSIGN(info.path, object.String("name"));
  TRY_ASSIGN(const std::string size, object.String("size"));
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), info.size);
  if (error != std::errc() || end != size.data() + size.size())
    return Status::Invalid("size '", size, "' is no number");
  TRY_ASSIGN(const auto updated, object.OptionalString("updated"));
  info.modified = TimestampMs(ParseStatTimestamp(updated.value_or("")).value_or(0) / 1000);  // RFC 3339, as statistics
  return info;
}

}  // namespace

Result<ObjectPage> ListPage(const GcsBucket& bucket, const std::string& prefix, const std::string& start, int page_size,
                            const std::string& page) {
  HttpRequest request;
  request.url = bucket.ObjectsUrl() +
                "?fields=items(name,size,updated),nextPageToken&maxResults=" + std::to_string(page_size) +
                "&prefix=" + cloud::UrlEncode(prefix);
  if (!start.empty()) request.url += "&startOffset=" + cloud::UrlEncode(start);
  if (!page.empty()) request.url += "&pageToken=" + cloud::UrlEncode(page);
  TRY_ASSIGN(const auto answer, bucket.api()->Send(request));
  if (answer.status != 200) {
    const Status status = bucket.Error(answer, "list", prefix);
    return status.IsKeyError() ? bucket.Absent(status) : status;  // a listing of nothing is empty: it is the bucket
  }
  simdjson::dom::parser parser;
  const std::string name = "the listing of " + bucket.Uri(prefix);
  const auto root = ParseJsonObject(&parser, answer.body);
  if (!root.ok()) return root.status().WithMessage(name, ": ", root.status().message());
  ObjectPage out;
  TRY_ASSIGN(const auto next, JsonFields(*root, name).OptionalString("nextPageToken"));
  out.next = next.value_or("");
  simdjson::dom::array items;
  if (root->at_key("items").get_array().get(items)) return out;
  for (const simdjson::dom::element item : items) {
    simdjson::dom::object object;
    if (item.get_object().get(object)) return Status::Invalid(name, ": an item is no object");
    TRY_ASSIGN(auto info, ReadInfo(JsonFields(object, name)));
    out.objects.push_back(std::move(info));
  }
  return out;
}

Result<ObjectInfo> StatObject(const GcsBucket& bucket, const std::string& name) {
  HttpRequest request;
  request.url = bucket.ObjectUrl(name) + "?fields=name,size,updated";
  TRY_ASSIGN(const auto answer, bucket.api()->Send(request));
  if (answer.status != 200) return bucket.Error(answer, "look at", name);
  simdjson::dom::parser parser;
  TRY_ASSIGN(const auto root, ParseJsonObject(&parser, answer.body));
  return ReadInfo(JsonFields(root, bucket.Uri(name)));
}

}  // namespace pregao::lake
