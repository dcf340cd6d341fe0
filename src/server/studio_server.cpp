#include "server/studio_server.h"

#include <utility>

#include "server/router.h"
#include "server/services.h"

namespace ams {

class StudioServer::Impl {
 public:
  Impl(StudioServerOptions options, Studio& studio)
      : services_{.studio = studio,
                  .access = std::move(options.access),
                  .model_folders = std::move(options.model_folders),
                  .test_models = std::move(options.test_models)},
        router_(services_),
        http_(options.http, [this](const WebRequest& request) { return router_.answer(request); }) {
  }

  int port() const { return http_.port(); }
  void run() { http_.run(); }
  void stop(std::chrono::milliseconds patience) {
    services_.streams.wait_until_none(patience);
    services_.stop.request_stop();
    http_.stop();
  }

 private:
  Services services_;
  Router router_;
  HttpServer http_;
};

StudioServer::StudioServer(StudioServerOptions options, Studio& studio)
    : impl_(std::make_unique<Impl>(std::move(options), studio)) {}

StudioServer::~StudioServer() = default;
int StudioServer::port() const { return impl_->port(); }
void StudioServer::run() { impl_->run(); }
void StudioServer::stop(std::chrono::milliseconds patience) { impl_->stop(patience); }

}  // namespace ams
