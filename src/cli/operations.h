#pragma once
#include <memory>

#include "cli/commands.h"
#include "cli/pipeline.h"
#include "listen/listener.h"
#include "listen/spool.h"

#include "spark/progress.h"
#include "web/http_server.h"
#include "web/lake_probe.h"

namespace pregao::cli {

/// What is served beside a command's work; ends with the object.
struct Operations {
  std::unique_ptr<web::LakeProbe> probe;
  std::unique_ptr<web::HttpServer> server;  ///< null: switched off, or nobody can listen there
};

/// Serves /metrics, /healthz and /readyz at web.listen; unless `by_default`, only where somebody has set it. What
/// cannot be listened at is an error in the log, and the work goes on without. Invalid: web.listen is no address.
/// `listener` and `engine`, either of which may be null, what `spool` and `spark` use, and `context`'s clock must
/// outlive the answer.
[[nodiscard]] Result<Operations> ServeOperations(const Context& context, bool by_default,
                                                 const listen::Listener* listener, const EnginePipeline* engine,
                                                 std::function<listen::SpoolStats()> spool = {},
                                                 std::function<std::vector<spark::QueryReport>()> spark = {});

/// The address of web.listen; nullopt: "". Invalid names the setting.
[[nodiscard]] Result<std::optional<web::Address>> WebAddress(const Settings& settings);

}  // namespace pregao::cli
