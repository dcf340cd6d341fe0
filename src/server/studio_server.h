// The studio on the network: the page, the API, files and event streams.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "server/access_rules.h"
#include "server/http_server.h"
#include "studio/jobs/studio.h"

namespace ams {

struct StudioServerOptions {
  HttpServerOptions http;
  AccessRules access;
  std::vector<std::filesystem::path> model_folders;
  std::filesystem::path test_models;
};

// Thread-safe.
class StudioServer {
 public:
  // Binds and listens. The studio must outlive it. Throws as HttpServer.
  StudioServer(StudioServerOptions options, Studio& studio);
  ~StudioServer();
  StudioServer(const StudioServer&) = delete;
  StudioServer& operator=(const StudioServer&) = delete;

  int port() const;

  // Serves until stop().
  void run();

  // Ends run(), from any thread. Shut the studio down first: streams then end with the last event
  // of their job, for which this waits at most `patience`.
  void stop(std::chrono::milliseconds patience);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ams
