#include "hub/file_download.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/str.h"
#include "hub/hub_session.h"

namespace ams {
namespace {

constexpr int kMaxConnections = 16;
constexpr auto kReportInterval = std::chrono::milliseconds(100);
// How often a file may turn out to be another one before its servers are not believed any more.
constexpr int kMaxRounds = 2;

// Why a run of the workers ended.
enum class Outcome {
  Done,
  NoRanges,  // the server sends whole files only
  Changed,   // its version is not that of the bytes that are there
};

// "bytes 100-199/1000" is what was asked for.
bool is_range(const HttpReply& reply, int64_t first, int64_t total) {
  const std::string range = reply.header("content-range");
  const std::string start = str("bytes ", first, "-");
  return range.starts_with(start) && (range.ends_with(str("/", total)) || range.ends_with("/*"));
}

class FileDownload {
 public:
  FileDownload(const RemoteFile& file,
               PartialFile& partial,
               const HubOptions& options,
               PullMeter& meter,
               const std::stop_token& stop)
      : file_(file), partial_(partial), options_(options), meter_(meter), stop_(stop) {}

  void run();

 private:
  Outcome run_workers();
  void work();
  void fetch_piece(HubSession& session, size_t index);
  HubAnswer fetch_rest(HubSession& session, size_t index);
  bool accept(const HttpReply& reply, size_t index, HttpReply& verdict);
  void check_linked(const HubAnswer& answer) const;
  void end(Outcome outcome);
  void forget_bytes(int64_t piece_bytes);
  bool is_hash_right(std::string& found);

  const RemoteFile& file_;
  PartialFile& partial_;
  const HubOptions& options_;
  PullMeter& meter_;
  const std::stop_token& stop_;
  bool is_whole_ = false;           // no range requests
  bool is_version_checked_ = true;  // ETags are believed

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::stop_source workers_stop_{};
  int running_ = 0;
  Outcome outcome_ = Outcome::Done;
  std::exception_ptr error_{};
  std::string direct_address_{};  // where redirects led to; empty: not known, or it stopped working
};

void FileDownload::run() {
  int rounds = 0;
  for (;;) {
    switch (run_workers()) {
      case Outcome::NoRanges:
        is_whole_ = true;
        forget_bytes(std::max<int64_t>(1, file_.goal.bytes));
        continue;
      case Outcome::Changed:
        is_version_checked_ = ++rounds < kMaxRounds;
        forget_bytes(options_.piece_bytes);
        continue;
      case Outcome::Done:
        break;
    }
    std::string found;
    if (is_hash_right(found)) return;
    forget_bytes(is_whole_ ? std::max<int64_t>(1, file_.goal.bytes) : options_.piece_bytes);
    if (++rounds < kMaxRounds) continue;
    partial_.discard();
    throw Error(ErrorCode::Network,
                str("hub: ",
                    file_.what,
                    " arrived with the hash ",
                    found,
                    ", expected ",
                    file_.goal.hash.hex,
                    "; a proxy or mirror may change files: try HF_ENDPOINT or another network"));
  }
}

void FileDownload::forget_bytes(int64_t piece_bytes) {
  meter_.add(-partial_.done_bytes());
  partial_.restart(piece_bytes);
}

bool FileDownload::is_hash_right(std::string& found) {
  found = hash_file(partial_.path(), file_.goal.hash.kind, stop_, [this](int64_t) {
    meter_.report(PullPhase::Verifying);
  });
  return found == file_.goal.hash.hex;
}

Outcome FileDownload::run_workers() {
  const int64_t pieces = file_.goal.bytes / options_.piece_bytes + 1;
  const int64_t wanted = is_whole_ ? 1 : std::min<int64_t>(options_.connections, pieces);
  const auto count = static_cast<int>(std::clamp<int64_t>(wanted, 1, kMaxConnections));
  partial_.release_pieces();
  workers_stop_ = std::stop_source();
  outcome_ = Outcome::Done;
  error_ = nullptr;
  running_ = count;
  {
    const std::stop_callback forward(stop_,
                                     [source = workers_stop_]() mutable { source.request_stop(); });
    std::vector<std::jthread> workers;
    for (int i = 0; i < count; ++i) workers.emplace_back([this] { work(); });
    std::unique_lock lock(mutex_);
    while (running_ > 0) {
      changed_.wait_for(lock, kReportInterval);
      lock.unlock();
      meter_.report(PullPhase::Downloading);
      lock.lock();
    }
  }
  partial_.save();
  if (outcome_ != Outcome::Done && !stop_.stop_requested()) return outcome_;
  if (error_) std::rethrow_exception(error_);
  return Outcome::Done;
}

void FileDownload::work() {
  std::exception_ptr error;
  try {
    HubSession session(options_);
    while (const std::optional<size_t> index = partial_.take_piece()) fetch_piece(session, *index);
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  if (error && !error_) {  // the first one; it makes the others stop
    error_ = error;
    workers_stop_.request_stop();
  }
  --running_;
  changed_.notify_all();
}

void FileDownload::end(Outcome outcome) {
  const std::lock_guard lock(mutex_);
  if (outcome_ == Outcome::Done) outcome_ = outcome;
  workers_stop_.request_stop();
}

void FileDownload::fetch_piece(HubSession& session, size_t index) {
  const std::stop_token stop = workers_stop_.get_token();
  RetryPause pause(options_);
  int64_t best = partial_.piece(index).next;
  for (;;) {
    const HubAnswer answer = fetch_rest(session, index);
    const PartialFile::Piece piece = partial_.piece(index);
    if (piece.next == piece.end) return;
    if (piece.next > best) pause.progressed();
    best = std::max(best, piece.next);
    {
      const std::lock_guard lock(mutex_);
      direct_address_.clear();  // it may have expired
    }
    partial_.save();
    pause.wait(answer, file_.what, stop);
  }
}

// One request for what a piece lacks. The answer says why it ended, if the piece is not complete.
HubAnswer FileDownload::fetch_rest(HubSession& session, size_t index) {
  if (is_whole_) forget_bytes(std::max<int64_t>(1, file_.goal.bytes));
  const PartialFile::Piece piece = partial_.piece(index);
  HttpRequest request;
  {
    const std::lock_guard lock(mutex_);
    request.address = direct_address_.empty() ? file_.address : direct_address_;
  }
  const bool is_direct = request.address != file_.address;
  if (!is_whole_) {
    request.first_byte = piece.next;
    request.last_byte = piece.end - 1;
  }
  bool is_first = true;
  HttpReply verdict;
  const BodySink sink = [&](const HttpReply& reply, std::string_view bytes) {
    if (is_first && !accept(reply, index, verdict)) return false;
    is_first = false;
    const PartialFile::Piece now = partial_.piece(index);
    const auto missing = static_cast<size_t>(now.end - now.next);
    const std::string_view wanted = bytes.substr(0, missing);
    partial_.append(index, wanted);
    meter_.add(static_cast<int64_t>(wanted.size()));
    return wanted.size() < missing;
  };
  HubAnswer answer = session.get(request, sink, workers_stop_.get_token());
  answer.is_elsewhere |= is_direct;
  check_linked(answer);
  if (!verdict.broken.empty()) answer.reply.broken = verdict.broken;
  if (is_first || !answer.reply.broken.empty()) return answer;
  if (partial_.piece(index).next < piece.end) answer.reply.broken = "the file ended early";
  const std::lock_guard lock(mutex_);
  if (answer.is_elsewhere) direct_address_ = answer.address.text;
  return answer;
}

// Looks at a success before its first byte is taken. What is wrong with it goes to `verdict`.
bool FileDownload::accept(const HttpReply& reply, size_t index, HttpReply& verdict) {
  const PartialFile::Piece piece = partial_.piece(index);
  if (is_version_checked_ && !partial_.is_same_version(reply.header("etag"))) {
    end(Outcome::Changed);
    return false;
  }
  if (reply.status == 206 && !is_whole_) {
    if (is_range(reply, piece.next, file_.goal.bytes)) return true;
    verdict.broken = str("sent '",
                         reply.header("content-range").substr(0, 60),
                         "' for bytes from ",
                         piece.next,
                         " of ",
                         file_.goal.bytes);
    return false;
  }
  const bool is_all_of_it = piece.begin == 0 && piece.next == 0 && piece.end == file_.goal.bytes;
  if (reply.status == 200 && is_all_of_it) return true;
  if (reply.status == 200) {
    end(Outcome::NoRanges);
  } else {
    verdict.broken = str("answered with the status ", reply.status);
  }
  return false;
}

// The endpoint names the file's hash and size with each answer: another one is another file.
void FileDownload::check_linked(const HubAnswer& answer) const {
  const std::optional<FileHash> linked = parse_file_hash(answer.linked_etag);
  const bool is_other_hash =
      linked && linked->kind == file_.goal.hash.kind && *linked != file_.goal.hash;
  const bool is_other_size =
      !answer.linked_size.empty() && answer.linked_size != std::to_string(file_.goal.bytes);
  if (!is_other_hash && !is_other_size) return;
  throw Error(ErrorCode::Network,
              str("hub: ", file_.what, " changed on the server during the download; run it again"));
}

}  // namespace

void download_file(const RemoteFile& file,
                   PartialFile& partial,
                   const HubOptions& options,
                   PullMeter& meter,
                   const std::stop_token& stop) {
  FileDownload(file, partial, options, meter, stop).run();
}

}  // namespace ams
