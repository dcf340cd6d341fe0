#include "server_process.h"

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ams {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kStartTime = std::chrono::seconds(60);  // sanitizers and busy machines

fs::path new_folder() {
  std::string name = (fs::path(testing::TempDir()) / "ams-http-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return name;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Starts the program with its output in `log`.
pid_t start(const ServerSetup& setup, const fs::path& data_folder, const fs::path& log) {
  std::vector<std::string> words = {"ams",
                                    setup.command,
                                    "--port",
                                    std::to_string(setup.port),
                                    "--data-dir",
                                    data_folder.string(),
                                    "--device",
                                    "cpu",
                                    "--threads",
                                    "1"};
  words.insert(words.end(), setup.flags.begin(), setup.flags.end());
  const pid_t child = fork();
  if (child != 0) return child;
  for (const char* name : {"PORT",
                           "AMS_HOST",
                           "AMS_TOKEN",
                           "AMS_MODEL_DIR",
                           "AMS_LOG_LEVEL",
                           "AMS_CORS_ORIGIN",
                           "AMS_ALLOWED_HOSTS",
                           "AMS_PRELOAD",
                           "AMS_PRECISION",
                           "ACE_LM_MODEL",
                           "GOMP_SPINCOUNT",
                           "OMP_WAIT_POLICY",
                           "SPACE_ID"}) {
    unsetenv(name);
  }
  setenv("HF_HUB_CACHE", (data_folder / "no-hub").c_str(), 1);
  for (const auto& [name, value] : setup.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int err = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(err, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execv(AMS_TEST_PROGRAM, argv.data());
  _exit(99);
}

int exit_code_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ServerProcess::ServerProcess(const ServerSetup& setup) : scratch_(new_folder()) {
  data_folder_ = setup.data_folder.empty() ? scratch_ / "data" : setup.data_folder;
  pid_ = start(setup, data_folder_, scratch_ / "log");
  const std::regex address("the studio is at http://[^\n]*:([0-9]+)\n");
  const Clock::time_point deadline = Clock::now() + kStartTime;
  while (Clock::now() < deadline && is_running()) {
    const std::string text = log();
    std::smatch match;
    if (std::regex_search(text, match, address)) {
      port_ = std::stoi(match[1]);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  throw std::runtime_error("the server did not start: " + log());
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) stop(SIGKILL);
  std::error_code error;
  fs::remove_all(scratch_, error);
}

std::string ServerProcess::log() const { return text_of(scratch_ / "log"); }

bool ServerProcess::is_running() const { return pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0; }

int ServerProcess::stop(int signal) {
  kill(pid_, signal);
  return exit_code_of(std::exchange(pid_, -1));
}

httplib::Client ServerProcess::client(const std::string& session) const {
  httplib::Client client("127.0.0.1", port_);
  client.set_default_headers({{"X-AMS-Session", session}});
  client.set_read_timeout(120);
  return client;
}

FinishedProgram run_program_with(const ServerSetup& setup) {
  const fs::path scratch = new_folder();
  const fs::path data = setup.data_folder.empty() ? scratch / "data" : setup.data_folder;
  const int code = exit_code_of(start(setup, data, scratch / "log"));
  const FinishedProgram finished{code, text_of(scratch / "log")};
  fs::remove_all(scratch);
  return finished;
}

int connect_to(int port) {
  const int handle = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  if (connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error(std::string("no connection: ") + std::strerror(errno));
  }
  return handle;
}

std::string exchange(int port, std::string_view bytes, double seconds) {
  const int handle = connect_to(port);
  const auto deadline =
      Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = send(handle, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) break;
    sent += static_cast<size_t>(count);
  }
  std::string answer;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{handle, POLLIN, 0};
    if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0) break;
    char block[4096];
    const ssize_t count = recv(handle, block, sizeof block, 0);
    if (count <= 0) break;
    answer.append(block, static_cast<size_t>(count));
  }
  close(handle);
  return answer;
}

Json json_of(const httplib::Result& result) {
  if (!result) {
    ADD_FAILURE() << "no answer: " << httplib::to_string(result.error());
    return Json::object();
  }
  try {
    return Json::parse(result->body, "answer");
  } catch (const Error& error) {
    ADD_FAILURE() << error.what() << " in: " << result->body.substr(0, 200);
    return Json::object();
  }
}

Json wait_for_job(httplib::Client& client, const std::string& id) {
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(120);
  while (Clock::now() < deadline) {
    Json job = json_of(client.Get("/api/v1/jobs/" + id));
    const std::string state = job.get("state", "");
    if (state != "queued" && state != "running") return job;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ADD_FAILURE() << "the job does not end";
  return Json::object();
}

Json run_job(httplib::Client& client, const Json& request) {
  const auto posted = client.Post("/api/v1/jobs", request.dump(), "application/json");
  const Json job = json_of(posted);
  if (!posted || posted->status != 202) {
    ADD_FAILURE() << "not started: " << job.dump();
    return job;
  }
  return wait_for_job(client, job.at("id").as_string());
}

Json short_song(int seconds) {
  Json advanced = Json::object();
  advanced.set("inference_steps", 8);
  Json lm = Json::object();
  for (const char* name : {"thinking", "use_cot_caption", "use_cot_metas", "use_cot_language"}) {
    lm.set(name, false);
  }
  Json request = Json::object();
  request.set("mode", "generate");
  request.set("prompt", "soft piano");
  request.set("duration_s", seconds);
  request.set("seed", 7);
  request.set("advanced", advanced);
  request.set("lm", lm);
  return request;
}

Json long_song() {
  Json advanced = Json::object();
  advanced.set("inference_steps", 80);
  Json request = short_song(600);
  request.set("advanced", advanced);
  return request;
}

std::string wav_bytes(double seconds, int sample_rate) {
  const auto samples = static_cast<uint32_t>(seconds * sample_rate);
  const auto put = [](std::string& out, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
  };
  std::string out = "RIFF";
  put(out, 36 + 2 * samples, 4);
  out += "WAVEfmt ";
  put(out, 16, 4);
  put(out, 1, 2);
  put(out, 1, 2);
  put(out, static_cast<uint32_t>(sample_rate), 4);
  put(out, static_cast<uint32_t>(2 * sample_rate), 4);
  put(out, 2, 2);
  put(out, 16, 2);
  out += "data";
  put(out, 2 * samples, 4);
  for (uint32_t i = 0; i < samples; ++i) {
    const double sample = 8000 * std::sin(0.3 * i) + 4000 * std::sin(0.07 * i);
    put(out, static_cast<uint32_t>(static_cast<int16_t>(sample)), 2);
  }
  return out;
}

}  // namespace ams
