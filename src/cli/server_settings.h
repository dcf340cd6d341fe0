// What `ams serve` and `ams doctor` are told: the environment first, flags over it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/environment.h"
#include "server/access_rules.h"
#include "server/http_server.h"
#include "studio/engine.h"
#include "studio/jobs/studio_options.h"

namespace ams {

struct ServerSettings {
  HttpServerOptions http;
  AccessRules access;
  StudioOptions studio;
  EngineOptions engine;
  std::string lyrics_model;  // name or folder; empty: the best one present
  bool opens_browser = false;
  bool is_hosted = false;  // SPACE_ID: runs behind a proxy of the Hub
};

// Throws InvalidRequest that names the variable, its value and what is expected.
ServerSettings read_server_settings(const Environment& environment);

// How the lyrics model is looked for and opened.
EngineOptions lyrics_options(const ServerSettings& settings);

// The flags over it. `settings` must outlive parsing.
void add_server_flags(CLI::App& command, ServerSettings& settings);

// Fills in what follows from others, once all flags are read.
void complete(ServerSettings& settings);

}  // namespace ams
