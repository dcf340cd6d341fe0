// `ams serve` as a child process on a free port, with the tests' tiny model.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <httplib.h>
#include <sys/types.h>

#include "base/json.h"

namespace ams {

inline constexpr const char* kSession = "test-session-0000000001";

struct ServerSetup {
  std::string command = "serve";
  int port = 0;  // 0: a free one
  std::vector<std::string> flags = {};
  std::map<std::string, std::string> environment = {};
  std::filesystem::path data_folder = {};  // empty: one of its own, removed at the end
};

class ServerProcess {
 public:
  // Returns when the server listens; throws std::runtime_error with its output if it does not.
  explicit ServerProcess(const ServerSetup& setup = {});
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  int port() const { return port_; }
  const std::filesystem::path& data_folder() const { return data_folder_; }
  std::string log() const;  // what it printed so far
  pid_t pid() const { return pid_; }
  bool is_running() const;

  // Sends the signal and waits. The exit code; 128 + signal if a signal ended it.
  int stop(int signal);

  // A client with the session's header.
  httplib::Client client(const std::string& session = kSession) const;

 private:
  pid_t pid_ = -1;
  int port_ = 0;
  std::filesystem::path data_folder_;
  std::filesystem::path scratch_;  // removed at the end
};

// Runs the program to its end.
struct FinishedProgram {
  int exit_code;
  std::string text;  // standard output and error
};
FinishedProgram run_program_with(const ServerSetup& setup);

// Sends bytes as they are and returns what comes until the server closes or `seconds` have passed.
std::string exchange(int port, std::string_view bytes, double seconds = 5);

// A socket that is connected to the server.
int connect_to(int port);

// The body of a response as JSON; a test failure if it is none.
Json json_of(const httplib::Result& result);

// Submits and waits. The job when it has ended.
Json run_job(httplib::Client& client, const Json& request);
Json wait_for_job(httplib::Client& client, const std::string& id);

// A song of `seconds` made by the tiny model in 8 steps: the request.
Json short_song(int seconds = 5);

// One that takes much longer than a test.
Json long_song();

// A WAV file with a tone, 16 bit.
std::string wav_bytes(double seconds, int sample_rate = 8000);

}  // namespace ams
