#pragma once
#include <memory>

#include "cli/commands.h"
#include "cli/pipeline.h"
#include "listen/listener.h"
#include "listen/spool.h"

#include "spark/progress.h"
#include "web/http_server.h"
#include "web/lake_probe.h"
#include "web/page.h"
#include "web/topic_tail.h"

namespace pregao::cli {

/// What is served beside a command's work; ends with the object.
struct Operations {
  std::unique_ptr<web::LakeProbe> probe;
  std::unique_ptr<web::Page> page;          ///< null: none is served
  std::unique_ptr<web::HttpServer> server;  ///< null: switched off, or nobody can listen there
  std::unique_ptr<web::TopicTail> tail;     ///< of the page; last, for it publishes to the server
};

/// What beside /metrics, /healthz and /readyz is served.
enum class Serve { kFigures, kFiguresAndPage };

/// What of the pipeline runs in this process: what is null or empty does not.
struct Parts {
  const listen::Listener* listener = nullptr;
  const EnginePipeline* engine = nullptr;
  const engine::Gold* gold = nullptr;
  std::function<listen::SpoolStats()> spool = {};
  std::function<std::vector<spark::QueryReport>()> spark = {};
};

/// Serves at web.listen; unless the page is served, only where somebody has set it. The page is left out, with an
/// error in the log, where others could reach it and there is no web.token. What
/// cannot be listened at is an error in the log, and the work goes on without. Invalid: web.listen is no address.
/// What `parts` points to or uses, and `context`'s clock, must outlive the answer.
[[nodiscard]] Result<Operations> ServeOperations(const Context& context, Serve serve, const Parts& parts);

/// Whether the page may be served there: to this machine alone, or to those who have web.token.
[[nodiscard]] bool MayServePage(const Settings& settings, const web::Address& address);

/// The address of web.listen; nullopt: "". Invalid names the setting.
[[nodiscard]] Result<std::optional<web::Address>> WebAddress(const Settings& settings);

}  // namespace pregao::cli
