#include "web/page_routes.h"

#include "base/json_writer.h"

#include "cloud/json.h"
#include "web/access.h"

namespace pregao::web {
namespace {

constexpr const char* kJson = "application/json";

HttpResponse Answer(const Result<std::string>& result) {
  if (result.ok()) return {200, kJson, *result + "\n"};
  const Status& status = result.status();
  JsonWriter w;
  w.BeginObject();
  w.Key("error");
  w.String(status.message());
  w.EndObject();
  const int code = status.IsInvalid() ? 400 : status.IsKeyError() ? 404 : status.IsCancelled() ? 503 : 500;
  return {code, kJson, w.Take() + "\n"};
}

Result<std::string> Sql(Page* page, const std::string& body) {
  TRY_ASSIGN(const auto json, cloud::Json::Parse(body));
  const auto sql = json.Text("/sql");
  if (!sql) return Status::Invalid("send {\"sql\": \"SELECT …\"}");
  return page->Sql(*sql);
}

Result<std::string> EditWatchlist(Page* page, const std::string& body) {
  TRY_ASSIGN(const auto json, cloud::Json::Parse(body));
  const auto add = json.Text("/add"), remove = json.Text("/remove");
  if (add.has_value() == remove.has_value())
    return Status::Invalid("send {\"add\": \"AAPL\"} or {\"remove\": \"AAPL\"}");
  TRY(add ? page->AddToWatchlist(*add) : page->RemoveFromWatchlist(*remove));
  return page->ShowWatchlist();
}

}  // namespace

Routes PageRoutes(Page* page, const Assets& assets, std::function<std::size_t()> pages) {
  Routes routes;
  for (const auto& [path, asset] : assets) {
    routes[path] = [asset = asset](const HttpRequest&) {
      return HttpResponse{200, std::string(asset.content_type), std::string(asset.bytes)};
    };
  }
  routes["/api/quotes"] = [page](const HttpRequest&) { return Answer(page->Quotes()); };
  routes["/api/history"] = [page](const HttpRequest& r) {
    return Answer(page->History(QueryParameter(r.query, "ticker")));
  };
  routes["/api/bars"] = [page](const HttpRequest& r) {
    const std::string interval = QueryParameter(r.query, "interval");
    return Answer(page->Bars(QueryParameter(r.query, "ticker"), interval.empty() ? "1m" : interval));
  };
  routes["/api/portfolio"] = [page](const HttpRequest&) { return Answer(page->Portfolio()); };
  routes["/api/gaps"] = [page](const HttpRequest&) { return Answer(page->Gaps()); };
  routes["/api/health"] = [page, pages = std::move(pages)](const HttpRequest&) {
    return Answer(page->Health(pages()));
  };
  routes["/api/watchlist"] = [page](const HttpRequest&) { return Answer(page->ShowWatchlist()); };
  routes["POST /api/watchlist"] = [page](const HttpRequest& r) { return Answer(EditWatchlist(page, r.body)); };
  routes["POST /api/sql"] = [page](const HttpRequest& r) { return Answer(Sql(page, r.body)); };
  routes["/api/stream"] = [](const HttpRequest&) {
    return HttpResponse{200, "text/event-stream", "retry: 1000\n\n", {}, true};
  };
  return routes;
}

std::set<std::string> TableRoutes() {
  return {"/api/history", "/api/bars", "/api/gaps", "/api/health", "POST /api/sql"};
}

}  // namespace pregao::web
